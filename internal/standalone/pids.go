package standalone

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// PIDs of the children of an `up` on a data directory, as they are on record; 0
// where there is none. For drills: a number on record may be of a process that
// has ended.
func PIDs(dataDir string) (temporald, postgres int) {
	dirs := layout{dataDir}
	return firstNumber(dirs.temporaldPID()), firstNumber(filepath.Join(dirs.postgres(), "data", "postmaster.pid"))
}

// firstNumber is what a file begins with.
func firstNumber(path string) int {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(b), "\n")
	n, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return 0
	}
	return n
}
