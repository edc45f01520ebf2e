package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Ready is the content of the ready file: all a supervisor needs to use the
// server and to recognise this very process.
type Ready struct {
	PID      int    `json:"pid"`
	Frontend string `json:"frontend"`
	UI       string `json:"ui"`
	Version  string `json:"version"`
}

// writeReady replaces path in one step: a reader finds the whole of it or
// nothing.
func writeReady(path string, r Ready) (err error) {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("--ready-file: %w", err)
	}
	defer func() {
		if err != nil {
			os.Remove(tmp.Name())
		}
	}()
	if _, err = tmp.Write(append(b, '\n')); err != nil {
		tmp.Close()
		return fmt.Errorf("--ready-file: %w", err)
	}
	if err = tmp.Close(); err != nil {
		return fmt.Errorf("--ready-file: %w", err)
	}
	if err = os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("--ready-file: %w", err)
	}
	return nil
}

// removeReady takes back what writeReady said. A file that is not there is
// as good as removed.
func removeReady(path string) error {
	if path == "" {
		return nil
	}
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) { //nolint:gosec // the operator's own flag
		return fmt.Errorf("--ready-file: %w", err)
	}
	return nil
}
