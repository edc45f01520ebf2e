package cli

import "testing"

// A report file is read or refused; what is read has a digest, which asks that
// every figure is a number that can be written down, unless the engine will refuse it.
func FuzzParseReport(f *testing.F) {
	for _, s := range []string{
		"sections: {ketQua: Xong}\nfigures: {online-files: \"97.5\"}\n", `{"sections": {"ketQua": "Xong"}, "figures": {"a": 97}}`,
		"hardTasks: [một, hai]\n", "- x\n", "a: &a [*a]\n", "---\n---\n", "figures: {a: \"1e999999999\"}\n", "sections: {a: |\n  b\n", "\t",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseReport("report.yaml", data)
		if err != nil && len(r.Sections)+len(r.Figures)+len(r.HardTasks) > 0 {
			t.Errorf("refused (%v), and half of it is kept: %+v", err, r)
		}
	})
}
