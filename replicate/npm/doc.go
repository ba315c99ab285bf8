// Package npm keeps replicas equal to programs that use npm's scuttlebutt.
package npm
