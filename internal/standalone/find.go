package standalone

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// TemporaldVersion names the build of temporald that this binary expects: the
// version of the Temporal server inside and the revision of our module around
// it. The Makefile builds temporald under this name.
const TemporaldVersion = "1.32.1-1"

// serverVersion is what temporald reports once it is ready.
const serverVersion = "1.32.1"

// CachedTemporald is where `make temporald` puts the program.
func CachedTemporald() string {
	return filepath.Join(xdgDir("XDG_CACHE_HOME", ".cache"), "thidua", "temporald-"+TemporaldVersion)
}

// HasTemporald is nil when temporald is where `up` looks for it, or says what to do.
func HasTemporald() error {
	_, err := findTemporald("")
	return err
}

// findTemporald looks where it was told to and otherwise in the usual places.
func findTemporald(path string) (string, error) {
	if path != "" {
		return checkProgram(path, "the path given")
	}
	if path := os.Getenv("THIDUA_TEMPORALD"); path != "" {
		return checkProgram(path, "THIDUA_TEMPORALD")
	}
	var places []string
	if own, err := os.Executable(); err == nil {
		places = append(places, filepath.Join(filepath.Dir(own), "temporald"))
	}
	places = append(places, CachedTemporald())
	for _, p := range places {
		program, err := checkProgram(p, "found there")
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return program, err
	}
	return "", fmt.Errorf("temporald %s is missing (looked for %s): build it with `make temporald`, name it with THIDUA_TEMPORALD, or give --temporal-address", TemporaldVersion, CachedTemporald())
}

func checkProgram(path, origin string) (string, error) {
	path, err := filepath.Abs(path) // never looked up in PATH
	if err != nil {
		return "", err
	}
	_, err = exec.LookPath(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("temporald is not at %s (%s): build it with `make temporald`: %w", path, origin, fs.ErrNotExist)
	case err != nil:
		return "", fmt.Errorf("temporald at %s (%s) is not executable: chmod +x it or build it again with `make temporald`", path, origin)
	}
	return path, nil
}
