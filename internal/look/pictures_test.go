package look_test

import (
	"context"
	"encoding/json"
	"os"
	"testing"
	"time"

	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/look/looktest"
)

func TestProbe(t *testing.T) {
	for n, until := range map[string]time.Time{"chased": looktest.Chased, "over": looktest.Over} {
		p, err := look.New(looktest.SharedSeed(t, until)).Pictures(context.Background(), looktest.Name, "")
		if err != nil {
			t.Fatal(err)
		}
		b, _ := json.MarshalIndent(p, "", " ")
		os.WriteFile("/tmp/probe-"+n+".json", b, 0o644)
	}
}
