// Package deploy holds what is put beside an installation, ready for a program
// to lay out: rules for Prometheus, provisioning and dashboards for Grafana.
package deploy

import (
	"embed"
	"io/fs"
)

//go:embed prometheus/rules/*.yml grafana/provisioning grafana/dashboards/*.json
var files embed.FS

// Rules are Prometheus's files of alert rules.
func Rules() fs.FS { return sub("prometheus/rules") }

// Provisioning tells Grafana of its data source and its dashboards.
func Provisioning() fs.FS { return sub("grafana/provisioning") }

// Dashboards are Grafana's, as JSON.
func Dashboards() fs.FS { return sub("grafana/dashboards") }

func sub(dir string) fs.FS {
	f, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // the path is well formed
	}
	return f
}
