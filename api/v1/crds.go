package v1

import "embed"

//go:generate controller-gen object paths=. crd:crdVersions=v1 output:crd:dir=crds

// CRDs are the CustomResourceDefinitions generated from the types of this
// package, one file a kind. Loading validates with them, and a cluster installs
// them, so both refuse the same objects with the same words.
//
//go:embed crds/*.yaml
var CRDs embed.FS
