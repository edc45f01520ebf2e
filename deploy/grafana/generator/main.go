// Command generator writes Grafana's dashboards as JSON beside itself. What it
// writes is committed; `make generate` runs it.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// folder is where the dashboards lie, seen from here.
const folder = "../dashboards"

func main() {
	if err := write(); err != nil {
		fmt.Fprintln(os.Stderr, "generator:", err)
		os.Exit(1)
	}
}

func write() error {
	for name, b := range map[string]*board{
		"campaigns": campaigns(), "campaign": campaign(), "delivery": delivery(), "engine": engine(), "service-levels": serviceLevels(),
	} {
		d, err := b.Build()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		content, err := json.MarshalIndent(d, "", "  ")
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(folder, name+".json"), append(content, '\n'), 0o644); err != nil {
			return err
		}
	}
	return nil
}
