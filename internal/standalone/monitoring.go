package standalone

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"thidua.dev/thidua/deploy"
	"thidua.dev/thidua/internal/monitoring"
	"thidua.dev/thidua/internal/store"
)

// The usual ports of Prometheus and Grafana, taken when they are free.
const (
	usualPrometheus = 9090
	usualGrafana    = 3000
)

// Monitoring is what StartMonitoring has started: addresses, empty for what does
// not run, and then a line on how to have it.
type Monitoring struct {
	Prometheus, Grafana     string
	NoPrometheus, NoGrafana string
}

// StartMonitoring starts Prometheus, and Grafana on it, beside the installation
// when they are on the PATH. target is where the metrics are, host:port. Nobody
// depends on them, so nothing that goes wrong with them is an error. They are
// supervised like the rest and end before it.
func (a *App) StartMonitoring(ctx context.Context, target string, interval time.Duration) Monitoring {
	var m Monitoring
	var err error
	prometheus := monitoring.Prometheus{Dir: a.dirs.prometheus(), Target: target, Interval: interval, Rules: deploy.Rules()}
	if a.temporald != nil {
		prometheus.Temporal = net.JoinHostPort("127.0.0.1", strconv.Itoa(a.ports.Metrics))
	}
	prometheus.Port, err = a.watcherPort(a.ports.Prometheus, usualPrometheus)
	if err == nil {
		a.prometheus, err = a.superviseWatcher(ctx, "Prometheus", prometheus.Start)
	}
	switch {
	case errors.Is(err, exec.ErrNotFound):
		m.NoPrometheus = "not on the PATH: install it (apt-get install prometheus) to have graphs and alerts"
	case err != nil:
		m.NoPrometheus = err.Error()
	default:
		a.ports.Prometheus = prometheus.Port
		m.Prometheus = address(prometheus.Port)
	}
	grafana := monitoring.Grafana{
		Dir: a.dirs.grafana(), PrometheusURL: m.Prometheus, Provisioning: deploy.Provisioning(), Dashboards: deploy.Dashboards(),
	}
	switch _, missing := monitoring.FindGrafana(); {
	case m.Prometheus == "":
		m.NoGrafana = "shows what Prometheus has"
	case missing != nil:
		m.NoGrafana = fmt.Sprintf("no grafana-server on the PATH: PROMETHEUS_URL=%s docker compose -f deploy/compose.yaml up grafana", m.Prometheus)
	default:
		if grafana.Facts, err = a.admitDashboards(ctx); err != nil {
			a.log.WarnContext(ctx, "boards that ask PostgreSQL stay empty", "err", err)
		}
		grafana.Port, err = a.watcherPort(a.ports.Grafana, usualGrafana)
		if err == nil {
			a.grafana, err = a.superviseWatcher(ctx, "Grafana", grafana.Start)
		}
		if err != nil {
			m.NoGrafana = err.Error()
			break
		}
		a.ports.Grafana = grafana.Port
		m.Grafana = address(grafana.Port)
	}
	if err := a.ports.write(a.dirs.ports()); err != nil {
		a.log.WarnContext(ctx, "ports not recorded", "error", err)
	}
	return m
}

// admitDashboards lets the role of dashboards in, by a password of this run.
func (a *App) admitDashboards(ctx context.Context) (monitoring.Facts, error) {
	config, err := pgconn.ParseConfig(a.databaseURL)
	if err != nil {
		return monitoring.Facts{}, err
	}
	password := rand.Text()
	if err := store.AdmitDashboards(ctx, a.databaseURL, password); err != nil {
		return monitoring.Facts{}, err
	}
	mode := "disable"
	if config.TLSConfig != nil {
		mode = "require"
	}
	return monitoring.Facts{
		Address:  net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))),
		Database: config.Database, SSLMode: mode, Password: password,
	}, nil
}

func address(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }

func (a *App) superviseWatcher(ctx context.Context, name string, start func(context.Context) (*monitoring.Server, error)) (*supervised, error) {
	running, err := start(ctx)
	if err != nil {
		return nil, err
	}
	// One that does not stay up is logged, and no failure of the installation.
	ignored := make(chan error, 1)
	return supervise(a, ignored, name, running, func(ctx context.Context) (process, error) { return start(ctx) }), nil
}

// watcherPort is the recorded one, else the usual one, else any that is free.
func (a *App) watcherPort(recorded, usual int) (int, error) {
	for _, p := range []int{recorded, usual} {
		if free(p) {
			return p, nil
		}
	}
	return randomPort(a.ports.Frontend)
}
