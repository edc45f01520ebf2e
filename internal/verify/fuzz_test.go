package verify_test

import (
	"bytes"
	"compress/gzip"
	"testing"

	"thidua.dev/thidua/internal/verify"
)

// A bundle comes from outside: whatever it holds, checking it ends with findings
// or an error.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		`{"format":"thidua.bundle/1"}`, `{"format":"thidua.bundle/1","seals":[{"no":1,"leaves":[{"auditID":1,"row":null}]}],"rankings":[{"lines":[{"unit":"A","total":"x"}]}]}`,
		`{"format":"thidua.bundle/1","unsealed":[{"verb":"submit","detail":"{"}],"reports":[{"content":{"figures":{"a":"1e999999999"}}}],"settled":[{}]}`,
		`{"format":"thidua.bundle/2","unsealed":[{"verb":"open","object":"Round/a/b","detail":"{\"due\":{\"x\":null}}"},{"verb":"close","object":"Round/","detail":"null"},{"verb":"extend","object":"Campaign/a","detail":"{\"round\":\"b\"}"},{"verb":"rank","detail":"{}"},{"verb":"decide","detail":"{}"}],"owed":[{"campaign":"a","round":"b","kind":"Report","state":"Settled"}],"rounds":[{"campaign":"a","round":"b","state":"Closed"}],"nominations":[{"award":"x"}]}`, `[]`, `{`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var file bytes.Buffer
		z := gzip.NewWriter(&file)
		if _, err := z.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		b, err := verify.Read(&file)
		if err != nil {
			return
		}
		b.Audit(nil)
		b.Ledger()
		if len(b.Rankings) < 10 {
			b.Ranking()
		}
	})
}
