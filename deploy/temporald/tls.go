package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"go.temporal.io/server/common/config"
)

// certificateRefresh is how often the services look at the files again, so
// that a renewed certificate needs no restart.
const certificateRefresh = 5 * time.Minute

// TLSFiles are the PEM files of mutual TLS. One certificate serves the
// frontend, the services among themselves, the system client and the UI: all
// of them are this one process.
type TLSFiles struct {
	CA         string
	Cert       string
	Key        string
	ServerName string
}

func (t TLSFiles) enabled() bool { return t.CA != "" }

func (t TLSFiles) complete() error {
	if (t.CA == "") != (t.Cert == "") || (t.CA == "") != (t.Key == "") {
		return errors.New("--tls-ca, --tls-cert and --tls-key belong together")
	}
	return nil
}

// clientConfig is for connections to the frontend; nil without TLS.
func (t TLSFiles) clientConfig() (*tls.Config, error) {
	if !t.enabled() {
		return nil, nil
	}
	pool, pair, err := t.load()
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		RootCAs:      pool,
		Certificates: []tls.Certificate{pair},
		ServerName:   t.ServerName,
	}, nil
}

func (t TLSFiles) load() (*x509.CertPool, tls.Certificate, error) {
	ca, err := os.ReadFile(t.CA)
	if err != nil {
		return nil, tls.Certificate{}, fmt.Errorf("--tls-ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return nil, tls.Certificate{}, fmt.Errorf("--tls-ca: no certificate in %s", t.CA)
	}
	pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, tls.Certificate{}, fmt.Errorf("--tls-cert, --tls-key: %w", err)
	}
	return pool, pair, nil
}

// check proves before the start that the certificate will be believed in both
// directions. The services would otherwise retry a refused handshake until
// the start timeout and say nothing useful.
func (t TLSFiles) check(host string) error {
	if !t.enabled() {
		return nil
	}
	pool, pair, err := t.load()
	if err != nil {
		return err
	}
	name := t.ServerName
	if name == "" {
		name = host
	}
	intermediates := x509.NewCertPool()
	for _, der := range pair.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			intermediates.AddCert(c)
		}
	}
	uses := []struct {
		name string // only servers are asked for a name
		use  x509.ExtKeyUsage
		as   string
	}{
		{name, x509.ExtKeyUsageServerAuth, "a server named " + name},
		{"", x509.ExtKeyUsageClientAuth, "a client"},
	}
	for _, u := range uses {
		_, err := pair.Leaf.Verify(x509.VerifyOptions{
			DNSName:       u.name,
			Roots:         pool,
			Intermediates: intermediates,
			KeyUsages:     []x509.ExtKeyUsage{u.use},
		})
		if err != nil {
			return fmt.Errorf("--tls-cert is not valid as %s: %w", u.as, err)
		}
	}
	return nil
}

// serverConfig requires a client certificate of every connection to every
// service, and makes the services and the system workers present theirs.
func (t TLSFiles) serverConfig() config.RootTLS {
	if !t.enabled() {
		return config.RootTLS{}
	}
	client := config.ClientTLS{ServerName: t.ServerName, RootCAFiles: []string{t.CA}}
	group := config.GroupTLS{
		Server: config.ServerTLS{
			CertFile:          t.Cert,
			KeyFile:           t.Key,
			ClientCAFiles:     []string{t.CA},
			RequireClientAuth: true,
		},
		Client: client,
	}
	return config.RootTLS{
		Frontend:        group,
		Internode:       group,
		SystemWorker:    config.WorkerTLS{CertFile: t.Cert, KeyFile: t.Key, Client: client},
		RefreshInterval: certificateRefresh,
	}
}
