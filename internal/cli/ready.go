package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"thidua.dev/thidua/internal/health"
)

// What facts cannot tell: whether the processes of an installation can do their work.
// They say it themselves at /readyz; a process writes into the data directory where.

// webRoles may each run beside one data directory.
var webRoles = []string{"up", "worker", "serve"}

// webAddress is where a process answers, and the facts that it works on.
type webAddress struct {
	Address  string `json:"address"`
	Database string `json:"database,omitempty"` // as databaseName says; empty: the private one
}

// RecordWeb lets `status` find a process; forget is for when it stops in order. One that
// is killed stays recorded, and status says that it does not answer.
func (p Place) RecordWeb(role, address string) (forget func() error, err error) {
	b, err := json.Marshal(webAddress{address, databaseName(p.DatabaseURL)})
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(p.DataDir, 0o755); err != nil {
		return nil, err
	}
	path := p.web(role)
	return func() error { return os.Remove(path) }, os.WriteFile(path, b, 0o600)
}

func (p Place) web(role string) string { return filepath.Join(p.DataDir, role+".web") }

// recorded tells where a process of that role that works on our facts should answer.
func (p Place) recorded(role string) (address string, err error) {
	b, err := os.ReadFile(p.web(role))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	var w webAddress
	if err == nil {
		err = json.Unmarshal(b, &w)
	}
	if err != nil || w.Database != databaseName(p.DatabaseURL) {
		return "", err
	}
	return w.Address, nil
}

// databaseName names a database without whoever may open it.
func databaseName(address string) string {
	c, err := pgconn.ParseConfig(address)
	if address == "" || err != nil { // whoever opens it will say so
		return ""
	}
	return net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))) + "/" + c.Database
}

// processHealth is what a process says of itself.
type processHealth struct {
	Role    string `json:"role"`
	Address string `json:"address"`
	// Silent says why there is nothing to tell; empty when it answered.
	Silent string          `json:"silent,omitempty"`
	Checks []health.Result `json:"checks,omitempty"`
}

// unready are the checks that something is wrong with.
func (p processHealth) unready() (wrong []health.Result) {
	for _, c := range p.Checks {
		if c.Wrong != "" {
			wrong = append(wrong, c)
		}
	}
	return wrong
}

// processes asks those that are known: the server given, or those recorded here.
func (a *app) processes(ctx context.Context) (all []processHealth, err error) {
	if a.remote() {
		return []processHealth{askReady(ctx, "server", a.server)}, nil
	}
	all = []processHealth{} // an array in JSON, even when it is empty
	for _, role := range webRoles {
		address, err := a.place("").recorded(role)
		if err != nil {
			return nil, err
		}
		if address != "" {
			all = append(all, askReady(ctx, role, address))
		}
	}
	return all, nil
}

// readyPatience is a second more than a process has with its checks.
const readyPatience = 3 * time.Second

// askReady asks a process how it is.
func askReady(ctx context.Context, role, address string) processHealth {
	p := processHealth{Role: role, Address: address}
	ctx, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(address, "/")+"/readyz", http.NoBody)
	if err != nil {
		p.Silent = err.Error()
		return p
	}
	// What a proxy leads elsewhere is no answer of the process.
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer c.CloseIdleConnections()
	response, err := c.Do(request)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // it repeats the address
		}
		p.Silent = fmt.Sprintf("no process answers at %s (%v)", address, err)
		if role != "server" {
			p.Silent += fmt.Sprintf(": is `thidua %s` running?", role)
		}
		return p
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if response.StatusCode == http.StatusOK || response.StatusCode == http.StatusServiceUnavailable {
		p.Checks = health.Parse(string(text))
	}
	if err != nil || len(p.Checks) == 0 {
		p.Silent = fmt.Sprintf("what answers at %s does not say whether it is ready (%s)", address, response.Status)
	}
	return p
}

// words are how a process is, a line for each thing that is wrong.
func (p processHealth) words() []string {
	if p.Silent != "" {
		return []string{p.Silent}
	}
	var names, wrong []string
	for _, c := range p.Checks {
		names = append(names, c.Name)
	}
	for _, c := range p.unready() {
		wrong = append(wrong, fmt.Sprintf("NOT READY at %s: %s", p.Address, c))
	}
	if wrong == nil {
		return []string{fmt.Sprintf("ready at %s (%s)", p.Address, strings.Join(names, ", "))}
	}
	return wrong
}
