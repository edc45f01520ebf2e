package standalone

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
)

// Ports of the private services lie below 32768: Temporal's schema keeps them
// as smallint, and the kernel hands out higher ones to outgoing connections.
const (
	lowestPort  = 20000
	highestPort = 32767
	// The usual ports of Temporal, taken when they are free.
	usualFrontend = 7233
	usualUI       = 8233
	usualMetrics  = 8234
)

// ports is what the last start used: addresses that people have noted keep
// working over restarts.
type ports struct {
	Postgres int `json:"postgres,omitempty"`
	Frontend int `json:"frontend,omitempty"`
	UI       int `json:"ui,omitempty"`
	Metrics  int `json:"temporalMetrics,omitempty"` // of temporald
	// Of what watches a demo.
	Prometheus int `json:"prometheus,omitempty"`
	Grafana    int `json:"grafana,omitempty"`
}

func readPorts(path string) (ports, error) {
	var p ports
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil {
		return ports{}, err
	}
	return p, nil
}

func (p ports) write(path string) error {
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return writeFile(path, append(b, '\n'), 0o644)
}

// service is a port of temporald under a name for people.
type service struct {
	name string
	port int
}

// temporalServices are the ports that follow from the frontend's, as temporald
// derives them.
func temporalServices(frontend int) []service {
	return []service{
		{"Temporal's frontend", frontend},
		{"Temporal's history service", frontend + 1},
		{"Temporal's matching service", frontend + 2},
		{"Temporal's worker service", frontend + 6},
	}
}

// checkPortOptions refuses ports that can never work.
func checkPortOptions(opt Options) error {
	for _, p := range []struct {
		name string
		port int
		last int // highest port that follows from it
	}{{"Temporal's frontend", opt.FrontendPort, opt.FrontendPort + 6}, {"Temporal's UI", opt.UIPort, opt.UIPort}} {
		if p.port != 0 && (p.port < 1 || p.last > highestPort) {
			return fmt.Errorf("port %d for %s is not between 1 and %d", p.port, p.name, highestPort-(p.last-p.port))
		}
	}
	if opt.UIPort == 0 || opt.FrontendPort == 0 {
		return nil
	}
	for _, s := range temporalServices(opt.FrontendPort) {
		if s.port == opt.UIPort {
			return fmt.Errorf("port %d is asked for twice: for %s and for Temporal's UI", s.port, s.name)
		}
	}
	return nil
}

// choosePorts takes a port that was asked for, or says that it is taken; else
// the recorded one, else the usual one, else any.
func choosePorts(opt Options, last ports) (ports, error) {
	chosen, err := chooseAddresses(opt, last)
	if err != nil {
		return ports{}, err
	}
	chosen.Metrics = 0
	for _, p := range []int{last.Metrics, usualMetrics} {
		if chosen.Metrics == 0 && p != chosen.UI && !follows(p, chosen.Frontend) && free(p) {
			chosen.Metrics = p
		}
	}
	for chosen.Metrics == 0 || chosen.Metrics == chosen.UI {
		if chosen.Metrics, err = randomPort(chosen.Frontend); err != nil {
			return ports{}, err
		}
	}
	return chosen, nil
}

// chooseAddresses is choosePorts for what people may ask for.
func chooseAddresses(opt Options, last ports) (ports, error) {
	chosen := last
	chosen.Frontend, chosen.UI = opt.FrontendPort, opt.UIPort
	if chosen.Frontend != 0 {
		if err := checkFree(temporalServices(chosen.Frontend)...); err != nil {
			return ports{}, err
		}
	} else {
		for _, p := range []int{last.Frontend, usualFrontend} {
			if chosen.Frontend == 0 && p > 0 && p+6 <= highestPort && !follows(chosen.UI, p) && checkFree(temporalServices(p)...) == nil {
				chosen.Frontend = p
			}
		}
		for try := 0; chosen.Frontend == 0; try++ {
			p := lowestPort + rand.IntN(highestPort-6-lowestPort)
			if !follows(chosen.UI, p) && checkFree(temporalServices(p)...) == nil {
				chosen.Frontend = p
			} else if try == 1000 {
				return ports{}, errNoPort
			}
		}
	}
	if chosen.UI != 0 {
		return chosen, checkFree(service{"Temporal's UI", chosen.UI})
	}
	for _, p := range []int{last.UI, usualUI} {
		if chosen.UI == 0 && p <= highestPort && !follows(p, chosen.Frontend) && free(p) {
			chosen.UI = p
		}
	}
	if chosen.UI == 0 {
		var err error
		if chosen.UI, err = randomPort(chosen.Frontend); err != nil {
			return ports{}, err
		}
	}
	return chosen, nil
}

var errNoPort = errors.New("no free port between " + strconv.Itoa(lowestPort) + " and " + strconv.Itoa(highestPort))

// randomPort finds a free port that is none of temporald's.
func randomPort(frontend int) (int, error) {
	for range 1000 {
		if p := lowestPort + rand.IntN(highestPort+1-lowestPort); !follows(p, frontend) && free(p) {
			return p, nil
		}
	}
	return 0, errNoPort
}

// follows tells whether port is one of those that the frontend's brings.
func follows(port, frontend int) bool {
	return slices.ContainsFunc(temporalServices(frontend), func(s service) bool { return s.port == port })
}

func free(port int) bool { return port > 0 && checkFree(service{port: port}) == nil }

func checkFree(services ...service) error {
	for _, s := range services {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)))
		if err != nil {
			return &portTakenError{s}
		}
		if err := l.Close(); err != nil {
			return err
		}
	}
	return nil
}

// portTakenError names a port and who wanted it.
type portTakenError struct{ service }

func (e *portTakenError) Error() string {
	return fmt.Sprintf("port %d for %s is taken: end what listens there or choose another port", e.port, cmp.Or(e.name, "a private service"))
}
