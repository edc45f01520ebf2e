package standalone

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 365 * 24 * time.Hour
	// renewBefore is how long before its end a certificate is replaced.
	renewBefore = 30 * 24 * time.Hour
	// renewEvery is how often a running installation looks.
	renewEvery = 24 * time.Hour
	// backdate forgives a clock that is set back a little.
	backdate = time.Hour
)

// serverName is what temporald's certificate is valid for, beside localhost.
const serverName = "127.0.0.1"

type certificateFiles struct{ ca, caKey, server, serverKey, client, clientKey string }

func certificatePaths(dir string) certificateFiles {
	in := func(name string) string { return filepath.Join(dir, name) }
	return certificateFiles{
		ca: in("ca.pem"), caKey: in("ca-key.pem"),
		server: in("server.pem"), serverKey: in("server-key.pem"),
		client: in("client.pem"), clientKey: in("client-key.pem"),
	}
}

// certificates is the mutual TLS between temporald and its clients. Loopback
// alone would let in every user of the machine.
type certificates struct {
	// client is how a client connects. It reads the certificate at every
	// handshake, so that a renewed one needs no restart.
	client *tls.Config
}

// ensureCertificates makes what is missing, unreadable or about to expire.
func ensureCertificates(dir string, now time.Time) (*certificates, error) {
	f := certificatePaths(dir)
	authority, err := loadAuthority(f, now)
	if err != nil {
		if authority, err = makeAuthority(f, now); err != nil {
			return nil, fmt.Errorf("make the certificate authority in %s: %w", dir, err)
		}
	}
	if err := renewLeafs(f, authority, now); err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(authority.Leaf)
	return &certificates{client: &tls.Config{
		MinVersion: tls.VersionTLS13,
		RootCAs:    roots,
		ServerName: serverName,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(f.client, f.clientKey)
			return &pair, err
		},
	}}, nil
}

// leaf is one of the two certificates below the authority.
type leaf struct {
	path, keyPath string
	template      x509.Certificate
}

func leafs(f certificateFiles) []leaf {
	return []leaf{
		{f.server, f.serverKey, x509.Certificate{
			Subject:     pkix.Name{CommonName: "temporald"},
			DNSNames:    []string{"localhost"},
			IPAddresses: []net.IP{net.ParseIP(serverName)},
			// temporald's services are clients of each other.
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		}},
		{f.client, f.clientKey, x509.Certificate{
			Subject:     pkix.Name{CommonName: "thidua"},
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		}},
	}
}

func renewLeafs(f certificateFiles, authority *tls.Certificate, now time.Time) error {
	for _, l := range leafs(f) {
		if l.check(authority, now) == nil {
			continue
		}
		if err := l.make(authority, now); err != nil {
			return fmt.Errorf("make the certificate %s: %w", l.path, err)
		}
	}
	return nil
}

// check says why a certificate on disk cannot be used any longer.
func (l leaf) check(authority *tls.Certificate, now time.Time) error {
	pair, err := tls.LoadX509KeyPair(l.path, l.keyPath)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AddCert(authority.Leaf)
	names := l.template.DNSNames
	for _, ip := range l.template.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		names = []string{""} // clients are not asked for one
	}
	for _, name := range names {
		for _, use := range l.template.ExtKeyUsage {
			// At the later instant it must still be good.
			_, err := pair.Leaf.Verify(x509.VerifyOptions{
				Roots: roots, DNSName: name, CurrentTime: now.Add(renewBefore), KeyUsages: []x509.ExtKeyUsage{use},
			})
			if err != nil {
				return err
			}
		}
	}
	if now.Before(pair.Leaf.NotBefore) {
		return errors.New("not valid yet")
	}
	return nil
}

func (l leaf) make(authority *tls.Certificate, now time.Time) error {
	c := l.template
	c.NotBefore, c.NotAfter = now.Add(-backdate), now.Add(leafLife)
	if end := authority.Leaf.NotAfter; c.NotAfter.After(end) {
		c.NotAfter = end
	}
	c.KeyUsage = x509.KeyUsageDigitalSignature
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	return sign(&c, authority.Leaf, key, authority.PrivateKey, l.path, l.keyPath)
}

func loadAuthority(f certificateFiles, now time.Time) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(f.ca, f.caKey)
	if err != nil {
		return nil, err
	}
	if !pair.Leaf.IsCA || now.Before(pair.Leaf.NotBefore) || now.Add(renewBefore).After(pair.Leaf.NotAfter) {
		return nil, errors.New("not a valid authority any more")
	}
	return &pair, nil
}

func makeAuthority(f certificateFiles, now time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		// A new authority has a new name: with the same name and another key
		// a verifier reports a bad signature instead of an unknown issuer.
		Subject:   pkix.Name{CommonName: "thidua private authority", SerialNumber: rand.Text()[:8]},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(authorityLife),
		KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
	}
	if err := sign(c, c, key, key, f.ca, f.caKey); err != nil {
		return nil, err
	}
	return loadAuthority(f, now)
}

// sign writes a certificate and its key.
func sign(c, parent *x509.Certificate, key *ecdsa.PrivateKey, parentKey any, path, keyPath string) error {
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), parentKey)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := writeFile(keyPath, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600); err != nil {
		return err
	}
	return writeFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600)
}

// renewal replaces certificates of an installation that runs for months;
// temporald reads its files again every few minutes.
type renewal struct {
	cancel context.CancelFunc
	done   chan struct{}
}

func renewCertificates(dir string, log *slog.Logger) *renewal {
	ctx, cancel := context.WithCancel(context.Background())
	r := &renewal{cancel, make(chan struct{})}
	go func() {
		defer close(r.done)
		tick := time.NewTicker(renewEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			f, now := certificatePaths(dir), time.Now()
			// A new authority would cut off everybody who believes the old one:
			// that is for the next start.
			authority, err := loadAuthority(f, now)
			if err == nil {
				err = renewLeafs(f, authority, now)
			}
			if err != nil {
				log.ErrorContext(ctx, "certificates not renewed, restart within 30 days", "dir", dir, "error", err)
			}
		}
	}()
	return r
}

func (r *renewal) stop() {
	r.cancel()
	<-r.done
}
