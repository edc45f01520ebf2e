// Package v1 holds the resource kinds of Thi đua as Go types. They are the only
// schema: the CRDs, strict decoding, defaulting and validation all derive from
// the types and markers of this package, with and without Kubernetes.
//
// Dates, times and decimals are strings here, checked by pattern, so that YAML
// never rounds a figure or shifts a day; package plan gives them meaning.
//
// +kubebuilder:object:generate=true
// +groupName=thidua.dev
package v1
