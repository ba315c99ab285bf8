package journal

import (
	"os"
	"strings"
)

// bootID names this run of the kernel.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return digest("boot " + strings.TrimSpace(string(id)))
}
