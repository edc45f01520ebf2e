package standalone

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// files reads all files of a directory.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(b)
		st, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if st.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), st.Mode())
		}
	}
	return all
}

func changed(before, after map[string]string) map[string]bool {
	names := map[string]bool{}
	for name := range after {
		if before[name] != after[name] {
			names[name] = true
		}
	}
	return names
}

func TestCertificatesAreRenewed(t *testing.T) {
	const day = 24 * time.Hour
	server := map[string]bool{"server.pem": true, "server-key.pem": true}
	client := map[string]bool{"client.pem": true, "client-key.pem": true}
	leafs := map[string]bool{"server.pem": true, "server-key.pem": true, "client.pem": true, "client-key.pem": true}
	all := map[string]bool{"ca.pem": true, "ca-key.pem": true, "server.pem": true, "server-key.pem": true, "client.pem": true, "client-key.pem": true}
	now := time.Now()
	write := func(name, content string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := []struct {
		reason string
		change func(*testing.T, string)
		at     time.Time
		want   map[string]bool
	}{
		{"nothing to do", nil, now, map[string]bool{}},
		{"more than 30 days left", nil, now.Add(334 * day), map[string]bool{}},
		{"less than 30 days left", nil, now.Add(336 * day), leafs},
		{"expired", nil, now.Add(800 * day), leafs},
		{"the authority expires", nil, now.Add(3621 * day), all},
		{"the clock was set back", nil, now.Add(-2 * time.Hour), all},
		{"the server's certificate is damaged", write("server.pem", "x"), now, server},
		{"a key is empty", write("client-key.pem", ""), now, client},
		{"the authority's key is lost", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "ca-key.pem")); err != nil {
				t.Fatal(err)
			}
		}, now, all},
		{"a key of another certificate", func(t *testing.T, dir string) {
			if err := os.Rename(filepath.Join(dir, "client-key.pem"), filepath.Join(dir, "server-key.pem")); err != nil {
				t.Fatal(err)
			}
		}, now, leafs},
		{"the client's in the server's place", func(t *testing.T, dir string) {
			for _, name := range []string{".pem", "-key.pem"} {
				b, err := os.ReadFile(filepath.Join(dir, "client"+name))
				if err != nil {
					t.Fatal(err)
				}
				write("server"+name, string(b))(t, dir)
			}
		}, now, server},
	}
	for _, tt := range tests {
		t.Run(tt.reason, func(t *testing.T) {
			dir := t.TempDir()
			if _, err := ensureCertificates(dir, now); err != nil {
				t.Fatal(err)
			}
			if tt.change != nil {
				tt.change(t, dir)
			}
			before := files(t, dir)
			if _, err := ensureCertificates(dir, tt.at); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, changed(before, files(t, dir))); diff != "" {
				t.Errorf("replaced files (-want +got):\n%s", diff)
			}
		})
	}
}

// The two sides believe each other and nobody else.
func TestMutualTLS(t *testing.T) {
	dir := t.TempDir()
	ours, err := ensureCertificates(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := ensureCertificates(t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	f := certificatePaths(dir)
	pair, err := tls.LoadX509KeyPair(f.server, f.serverKey)
	if err != nil {
		t.Fatal(err)
	}
	noCertificate := ours.client.Clone()
	noCertificate.GetClientCertificate = nil
	foreignCertificate := foreign.client.Clone()
	foreignCertificate.RootCAs = ours.client.RootCAs
	for name, tt := range map[string]struct {
		client *tls.Config
		ok     bool
	}{
		"ours": {ours.client, true}, "a foreign authority": {foreign.client, false},
		"no certificate": {noCertificate, false}, "a foreign certificate": {foreignCertificate, false},
	} {
		t.Run(name, func(t *testing.T) {
			near, far := net.Pipe()
			defer near.Close()
			served := make(chan error, 1)
			go func() {
				s := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ours.client.RootCAs})
				_, err := s.Write([]byte("hello"))
				far.Close()
				served <- err
			}()
			c := tls.Client(near, tt.client)
			_, err := io.ReadFull(c, make([]byte, 5))
			near.Close()
			if serverErr := <-served; (err == nil && serverErr == nil) != tt.ok {
				t.Errorf("client: %v, server: %v", err, serverErr)
			}
		})
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"127.0.0.1", "localhost"} {
		if err := leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if life := leaf.NotAfter.Sub(leaf.NotBefore); life > leafLife+backdate {
		t.Errorf("valid for %s", life)
	}
}
