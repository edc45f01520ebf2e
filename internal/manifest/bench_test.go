package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// country writes a roster about as large as the country's communes and districts.
func country(t testing.TB, rows int) string {
	var b strings.Builder
	b.WriteString("code,name,kind,collects_to,group,calendar,focal_email,leader_email\n")
	b.WriteString("U00000,Bộ,ministry,,,state,,\n")
	for i := 1; i < rows; i++ {
		fmt.Fprintf(&b, "U%05d,Đơn vị số %d,commune,U00000,cum-%d,state,a%d@x.example,b%d@x.example\n", i, i, i%50, i, i)
	}
	file := filepath.Join(t.TempDir(), "ca-nuoc.roster.csv")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func BenchmarkLoadRoster12000(b *testing.B) {
	file := country(b, 12000)
	for b.Loop() {
		if _, err := Load([]string{file}, nil); err != nil {
			b.Fatal(err)
		}
	}
}
