// Writes the dashboards. A module of its own, so that the product's go.mod stays lean.
module thidua.dev/thidua/deploy/grafana/generator

go 1.26.0

require github.com/grafana/grafana-foundation-sdk/go v0.0.22
