package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTLSCheck(t *testing.T) {
	both := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	good := makeCertificate(t, both)
	foreign := makeCertificate(t, both)
	tests := []struct {
		name  string
		files TLSFiles
		want  string
	}{
		{"none", TLSFiles{}, ""},
		{"good", good, ""},
		{"by name", TLSFiles{good.CA, good.Cert, good.Key, "localhost"}, ""},
		{"other name", TLSFiles{good.CA, good.Cert, good.Key, "elsewhere.example"}, "not valid as a server named elsewhere.example"},
		{"other authority", TLSFiles{foreign.CA, good.Cert, good.Key, ""}, "not valid as a server"},
		{"server only", makeCertificate(t, both[:1]), "not valid as a client"},
		{"wrong key", TLSFiles{good.CA, good.Cert, foreign.Key, ""}, "--tls-cert, --tls-key"},
		{"no file", TLSFiles{good.CA + "x", good.Cert, good.Key, ""}, "--tls-ca: open"},
		{"not a certificate", TLSFiles{good.Key, good.Cert, good.Key, ""}, "--tls-ca: no certificate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.files.check("127.0.0.1")
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestTLSServerConfig(t *testing.T) {
	if c := (TLSFiles{}).serverConfig(); c.Frontend.IsServerEnabled() || c.Internode.IsServerEnabled() {
		t.Error("TLS without files")
	}
	c := TLSFiles{"ca", "cert", "key", ""}.serverConfig()
	if !c.Frontend.Server.RequireClientAuth || !c.Internode.Server.RequireClientAuth {
		t.Error("client certificates are not required")
	}
	if c.SystemWorker.CertFile != "cert" || !c.Internode.IsClientEnabled() {
		t.Error("the services have no client certificate")
	}
}

// makeCertificate writes an authority and a certificate of it for 127.0.0.1
// and localhost.
func makeCertificate(t *testing.T, usage []x509.ExtKeyUsage) TLSFiles {
	t.Helper()
	dir := t.TempDir()
	f := TLSFiles{
		CA:   filepath.Join(dir, "ca.pem"),
		Cert: filepath.Join(dir, "cert.pem"),
		Key:  filepath.Join(dir, "key.pem"),
	}
	authority := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "test authority"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		KeyUsage:              x509.KeyUsageCertSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "temporald"},
		NotBefore:    authority.NotBefore,
		NotAfter:     authority.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  usage,
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:     []string{"localhost"},
	}
	authorityKey, leafKey := makeKey(t), makeKey(t)
	writePEM(t, f.CA, "CERTIFICATE", sign(t, authority, authority, authorityKey, authorityKey))
	writePEM(t, f.Cert, "CERTIFICATE", sign(t, leaf, authority, leafKey, authorityKey))
	der, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, f.Key, "PRIVATE KEY", der)
	return f
}

func makeKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func sign(t *testing.T, cert, parent *x509.Certificate, key, parentKey *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, cert, parent, key.Public(), parentKey)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}
