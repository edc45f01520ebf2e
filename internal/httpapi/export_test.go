package httpapi

// FilesOfOne lets tests come to the limit without many requests and at any speed.
var FilesOfOne = &filesOfOne
