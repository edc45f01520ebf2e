package standalone

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckPortOptions(t *testing.T) {
	tests := []struct {
		frontend, ui int
		want         string
	}{
		{0, 0, ""}, {7233, 8233, ""}, {32761, 32760, ""},
		{32762, 0, "port 32762 for Temporal's frontend is not between 1 and 32761"},
		{-1, 0, "is not between 1"},
		{0, 32768, "port 32768 for Temporal's UI is not between 1 and 32767"},
		{7233, 7235, "port 7235 is asked for twice: for Temporal's matching service and for Temporal's UI"},
	}
	for _, tt := range tests {
		_, err := New(Options{FrontendPort: tt.frontend, UIPort: tt.ui})
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%d, %d: got %v", tt.frontend, tt.ui, err)
		}
	}
}

func TestChoosePorts(t *testing.T) {
	base, err := randomPort(0)
	for err == nil && (base+6 > highestPort || checkFree(temporalServices(base)...) != nil) {
		base, err = randomPort(0)
	}
	if err != nil {
		t.Fatal(err)
	}
	ui, err := randomPort(base)
	if err != nil {
		t.Fatal(err)
	}
	counts, err := randomPort(base)
	for err == nil && counts == ui {
		counts, err = randomPort(base)
	}
	if err != nil {
		t.Fatal(err)
	}
	recorded := ports{Postgres: 5, Frontend: base, UI: ui, Metrics: counts}
	if got, err := choosePorts(Options{}, recorded); err != nil || got != recorded {
		t.Errorf("recorded: %+v, %v", got, err)
	}
	if got, err := choosePorts(Options{FrontendPort: base, UIPort: ui}, ports{}); err != nil || got.Frontend != base || got.UI != ui {
		t.Errorf("asked for: %+v, %v", got, err)
	}
	// One that only follows from the frontend's counts too.
	l := listen(t, base+6)
	got, err := choosePorts(Options{}, recorded)
	if err != nil || got.Frontend == base || got.UI != ui {
		t.Errorf("recorded but taken: %+v, %v", got, err)
	}
	_, err = choosePorts(Options{FrontendPort: base}, ports{})
	if err == nil || !strings.Contains(err.Error(), "for Temporal's worker service is taken: end what listens there or choose another port") {
		t.Errorf("asked for but taken: %v", err)
	}
	l.Close()
	l = listen(t, ui)
	defer l.Close()
	_, err = choosePorts(Options{UIPort: ui}, ports{})
	if err == nil || !strings.Contains(err.Error(), "for Temporal's UI is taken") {
		t.Errorf("UI: %v", err)
	}
	for range 50 {
		got, err := choosePorts(Options{UIPort: usualFrontend + 1}, ports{UI: ui})
		if err == nil && (follows(got.UI, got.Frontend) || follows(got.Metrics, got.Frontend) || got.Metrics == got.UI || got.Metrics == 0) {
			t.Fatalf("twice the same port: %+v", got)
		}
	}
}

func TestPortsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ports.json")
	if got, err := readPorts(path); err != nil || got != (ports{}) {
		t.Errorf("missing: %+v, %v", got, err)
	}
	want := ports{Postgres: 1, Frontend: 2, UI: 3, Prometheus: 4, Grafana: 5}
	if err := want.write(path); err != nil {
		t.Fatal(err)
	}
	if got, err := readPorts(path); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := writeFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := readPorts(path); err == nil || got != (ports{}) {
		t.Errorf("damaged: %+v, %v", got, err)
	}
}

func listen(t *testing.T, port int) net.Listener {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		t.Fatal(err)
	}
	return l
}
