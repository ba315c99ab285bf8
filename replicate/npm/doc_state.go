package npm

func newDocState() object          { return newModelState() }
func checkDoc(change string) error { return checkModel(change) }
