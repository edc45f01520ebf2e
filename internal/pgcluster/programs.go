package pgcluster

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// MinMajor is the oldest PostgreSQL whose behaviour the queries rely on.
const MinMajor = 15

// programsPattern is where Debian keeps the programs of each major version.
var programsPattern = "/usr/lib/postgresql/*/bin/postgres"

// findPrograms finds PostgreSQL's own programs: those of the version that the
// data are of, if there are any and it is installed, else the newest.
func findPrograms(data string) (string, error) {
	if dir := os.Getenv("THIDUA_POSTGRES_BIN"); dir != "" {
		return dir, nil
	}
	found, err := filepath.Glob(programsPattern)
	if err != nil {
		return "", err
	}
	dataMajor, _ := majorOf(data)
	best, bestMajor := "", 0
	for _, p := range found {
		bin := filepath.Dir(p)
		major, err := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
		if err != nil {
			continue
		}
		if strconv.Itoa(major) == dataMajor {
			return bin, nil
		}
		if major > bestMajor {
			best, bestMajor = bin, major
		}
	}
	if bestMajor >= MinMajor {
		return best, nil
	}
	if p, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(p), nil
	}
	return "", fmt.Errorf("no PostgreSQL %d or newer found: install it (Debian: apt-get install postgresql), set THIDUA_POSTGRES_BIN to the folder of its programs, or give --database-url", MinMajor)
}

// Program is the path of another of PostgreSQL's programs, such as pgbench.
func Program(name string) (string, error) {
	bin, err := findPrograms("")
	if err != nil {
		return "", err
	}
	path, err := exec.LookPath(filepath.Join(bin, name))
	if err != nil {
		return "", fmt.Errorf("PostgreSQL in %s comes without %s: %w", bin, name, err)
	}
	return path, nil
}

// majorOf is the version that the data were made with.
func majorOf(data string) (string, error) {
	b, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(b)), nil
}

func programsMajor(bin string) (string, error) {
	out, err := exec.Command(filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return "", fmt.Errorf("ask postgres for its version: %w", err)
	}
	fields := strings.Fields(string(out)) // "postgres (PostgreSQL) 15.18 (Debian …)"
	if len(fields) < 3 {
		return "", fmt.Errorf("%s --version answered %q", filepath.Join(bin, "postgres"), out)
	}
	major, _, _ := strings.Cut(fields[2], ".")
	return major, nil
}

// checkMajor refuses data of another major version.
func checkMajor(bin, data string) error {
	have, err := majorOf(data)
	if os.IsPermission(err) {
		return fmt.Errorf("%s belongs to another user: run this as that user, or give --database-url", data)
	}
	if err != nil {
		return fmt.Errorf("read the cluster's version: %w", err)
	}
	major, err := programsMajor(bin)
	if err != nil {
		return err
	}
	if major != have {
		return fmt.Errorf("the data in %s are PostgreSQL %s's, the programs in %s are %s's: install PostgreSQL %s, or move the data with pg_upgrade", data, have, bin, major, have)
	}
	return nil
}

// checkMinimum refuses to make a cluster with programs that are too old.
func checkMinimum(bin string) error {
	major, err := programsMajor(bin)
	if err != nil {
		return err
	}
	// "17beta1" is a 17.
	digits := strings.IndexFunc(major+"x", func(r rune) bool { return r < '0' || r > '9' })
	if n, err := strconv.Atoi(major[:digits]); err != nil || n < MinMajor {
		return fmt.Errorf("the programs in %s are PostgreSQL %s's: install PostgreSQL %d or newer", bin, major, MinMajor)
	}
	return nil
}
