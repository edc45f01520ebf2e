package pages_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/look/looktest"
)

// TestScreens photographs the pages, for the eye: SCREENS=DIR go test -run
// TestScreens ./internal/pages. It needs Chromium.
func TestScreens(t *testing.T) {
	dir := os.Getenv("SCREENS")
	if dir == "" {
		t.Skip("set SCREENS to a directory")
	}
	servers := map[string]*httptest.Server{}
	for name, until := range map[string]time.Time{"chased": looktest.Chased, "nominated": looktest.Nominated, "over": looktest.Over, "declared": looktest.Declared} {
		servers[name] = serve(t, looktest.SharedSeed(t, until))
	}
	letters, err := look.New(looktest.SharedSeed(t, looktest.Chased)).Letters(context.Background(), looktest.Name)
	if err != nil {
		t.Fatal(err)
	}
	for _, shot := range []struct{ name, state, path string }{
		{"list", "chased", "/"},
		{"chased", "chased", "/campaigns/covid-2021"},
		{"chased-en", "chased", "/campaigns/covid-2021?lang=en"},
		{"declared", "declared", "/campaigns/covid-2021"},
		{"nominated", "nominated", "/campaigns/covid-2021"},
		{"over", "over", "/campaigns/covid-2021"},
		{"ranking", "over", "/campaigns/covid-2021/ranking"},
		{"why", "over", "/campaigns/covid-2021/units/DN-05"},
		{"units", "over", "/campaigns/covid-2021/units?q=stttt-1"},
		{"missing", "over", "/campaigns/covid-2021/units/STTTT12"},
		{"letter", "chased", fmt.Sprintf("/campaigns/covid-2021/letters/%d", letters[0].ID)},
	} {
		photograph(t, servers[shot.state].URL+shot.path, filepath.Join(dir, shot.name))
	}
	if report := os.Getenv("REPORT_FILE"); report != "" {
		photograph(t, "file://"+report, filepath.Join(dir, "report"))
	}
}

func photograph(t *testing.T, address, file string) {
	t.Helper()
	for width, size := range map[string]string{"desktop": "1280,2600", "phone": "500,3600"} {
		out, err := exec.Command("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
			"--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--force-color-profile=srgb",
			"--user-data-dir="+t.TempDir(), "--window-size="+size, "--timeout=4000", "--screenshot="+file+"-"+width+".png", address).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", address, err, out)
		}
	}
}
