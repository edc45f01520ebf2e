package monitoring

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// Grafana says what to show.
type Grafana struct {
	// Dir holds its provisioning, its log and its database.
	Dir  string
	Port int
	// PrometheusURL and Facts are where the data come from.
	PrometheusURL string
	Facts         Facts
	// Provisioning and Dashboards are files of the same names as in deploy/grafana.
	Provisioning, Dashboards fs.FS
}

// Facts is the database, and how the role of dashboards gets in.
type Facts struct{ Address, Database, SSLMode, Password string }

// GrafanaOf is PrometheusOf for Grafana.
func GrafanaOf(dir string) (pid, mark string) {
	return pidFile(dir), "--pidfile=" + filepath.Join(dir, "grafana.pid")
}

// FindGrafana looks on the PATH.
func FindGrafana() (string, error) { return exec.LookPath("grafana-server") }

// Start returns once it answers. Who comes may look and change nothing: there is
// no password to guess.
func (g Grafana) Start(ctx context.Context) (*Server, error) {
	path, err := FindGrafana()
	if err != nil {
		return nil, err
	}
	home, err := grafanaHome(path)
	if err != nil {
		return nil, err
	}
	if g.Dir, err = absolute(g.Dir); err != nil {
		return nil, err
	}
	provisioning, dashboards := filepath.Join(g.Dir, "provisioning"), filepath.Join(g.Dir, "dashboards")
	if err := errors.Join(copyFiles(g.Provisioning, provisioning), copyFiles(g.Dashboards, dashboards)); err != nil {
		return nil, fmt.Errorf("configure Grafana in %s: %w", g.Dir, err)
	}
	_, mark := GrafanaOf(g.Dir)
	return program{
		name: "Grafana", path: path, dir: g.Dir, port: g.Port, ready: "api/health", mark: mark,
		args: []string{"--homepath", home},
		env: []string{
			"PROMETHEUS_URL=" + g.PrometheusURL,
			"FACTS_ADDRESS=" + g.Facts.Address,
			"FACTS_DATABASE=" + g.Facts.Database,
			"FACTS_SSLMODE=" + g.Facts.SSLMode,
			"FACTS_PASSWORD=" + g.Facts.Password,
			"DASHBOARDS=" + dashboards,
			"GF_PATHS_PROVISIONING=" + provisioning,
			"GF_PATHS_DATA=" + filepath.Join(g.Dir, "data"),
			"GF_PATHS_LOGS=" + filepath.Join(g.Dir, "logs"),
			"GF_PATHS_PLUGINS=" + filepath.Join(g.Dir, "plugins"),
			"GF_SERVER_HTTP_ADDR=127.0.0.1",
			"GF_SERVER_HTTP_PORT=" + strconv.Itoa(g.Port),
			"GF_AUTH_ANONYMOUS_ENABLED=true",
			"GF_AUTH_ANONYMOUS_ORG_ROLE=Viewer",
			"GF_AUTH_DISABLE_LOGIN_FORM=true",
			"GF_AUTH_BASIC_ENABLED=false",
			"GF_ANALYTICS_REPORTING_ENABLED=false",
			"GF_ANALYTICS_CHECK_FOR_UPDATES=false",
			"GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES=false",
			"GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH=" + filepath.Join(dashboards, "campaigns.json"),
			"GF_DASHBOARDS_MIN_REFRESH_INTERVAL=1s",
		},
	}.start(ctx)
}

// grafanaHome is where its own files are: the packages' place, or beside the
// program of an unpacked archive.
func grafanaHome(program string) (string, error) {
	real, err := filepath.EvalSymlinks(program)
	if err != nil {
		return "", err
	}
	for _, dir := range []string{os.Getenv("GF_PATHS_HOME"), filepath.Dir(filepath.Dir(real)), "/usr/share/grafana"} {
		if _, err := os.Stat(filepath.Join(dir, "conf", "defaults.ini")); dir != "" && err == nil { //nolint:gosec // the operator says where Grafana is
			return dir, nil
		}
	}
	return "", fmt.Errorf("the files of %s are not found: name their folder with GF_PATHS_HOME", program)
}
