package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestReadyFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ready.json")
	r := Ready{PID: 7, Frontend: "127.0.0.1:7233", Version: "1.2.3"}
	for range 2 { // it replaces
		if err := writeReady(path, r); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"pid":7,"frontend":"127.0.0.1:7233","ui":"","version":"1.2.3"}` + "\n"; string(b) != want {
		t.Errorf("got %s", b)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left over: %v", entries)
	}
	for range 2 { // the second has nothing to do
		if err := removeReady(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := writeReady(filepath.Join(dir, "no", "ready.json"), r); err == nil {
		t.Error("no error without a directory")
	}
}
