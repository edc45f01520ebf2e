package audit

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func row(id int64) Row {
	at := time.Date(2021, 10, 15, 10, 0, int(id), 123_000, time.UTC)
	return Row{
		ID: id, RecordedAt: at, At: at.Add(time.Hour), Actor: "FocalPoint an of STTTT-04", Verb: "submit",
		Object: "Obligation/7", Reason: "đúng hạn", RequestID: "5f0c6c1e-3c2a-4d57-9d53-7f2f8f6d1a10", Detail: `{"version": 1}`,
	}
}

// chain of n seals with the given numbers of rows.
func chain(rows ...int) []Seal {
	var seals []Seal
	var previous Hash
	id := int64(0)
	for i, n := range rows {
		s := Seal{No: int64(i + 1), Previous: previous}
		var leaves []Hash
		for range n {
			id++
			r := row(id)
			s.Leaves = append(s.Leaves, Leaf{AuditID: id, Hash: r.Leaf(), Row: &r})
			leaves = append(leaves, r.Leaf())
		}
		s.Hash = Next(previous, s.No, leaves)
		previous = s.Hash
		seals = append(seals, s)
	}
	return seals
}

// resealed is a chain that was computed anew after a change.
func resealed(seals []Seal) []Seal {
	var previous Hash
	for i := range seals {
		seals[i].No, seals[i].Previous = int64(i+1), previous
		var leaves []Hash
		for j := range seals[i].Leaves {
			l := &seals[i].Leaves[j]
			if l.Row != nil {
				l.Hash = l.Row.Leaf()
			}
			leaves = append(leaves, l.Hash)
		}
		seals[i].Hash = Next(previous, seals[i].No, leaves)
		previous = seals[i].Hash
	}
	return seals
}

func TestVerify(t *testing.T) {
	root := chain(3, 1, 4)[2].Hash
	for _, tt := range []struct {
		reason string
		change func([]Seal) []Seal
		want   []string
	}{
		{"nothing was touched", func(s []Seal) []Seal { return s }, nil},
		{"a reason was reworded", func(s []Seal) []Seal { s[0].Leaves[1].Row.Reason = "trễ hạn"; return s }, []string{"RowAltered"}},
		{"a report came a microsecond earlier", func(s []Seal) []Seal {
			s[2].Leaves[3].Row.At = s[2].Leaves[3].Row.At.Add(-time.Microsecond)
			return s
		}, []string{"RowAltered"}},
		{"a row is gone", func(s []Seal) []Seal { s[1].Leaves[0].Row = nil; return s }, []string{"RowRemoved"}},
		{"a row is gone with its leaf", func(s []Seal) []Seal { s[2].Leaves = slices.Delete(s[2].Leaves, 1, 2); return s }, []string{"SealAltered"}},
		{"a row was put in", func(s []Seal) []Seal {
			r := row(99)
			s[0].Leaves = append(s[0].Leaves, Leaf{99, r.Leaf(), &r})
			return s
		}, []string{"SealAltered"}},
		{"two rows changed places", func(s []Seal) []Seal {
			l := s[2].Leaves
			l[0], l[1] = l[1], l[0]
			return s
		}, []string{"SealAltered"}},
		{"a row and its leaf were rewritten", func(s []Seal) []Seal {
			l := &s[0].Leaves[0]
			l.Row.Actor = "Operator x"
			l.Hash = l.Row.Leaf()
			return s
		}, []string{"SealAltered"}},
		{"everything was rewritten, hashes too", func(s []Seal) []Seal {
			s[0].Leaves[0].Row.Actor = "Operator x"
			return resealed(s)
		}, []string{"RootUnknown"}},
		{"the last seal is gone", func(s []Seal) []Seal { return s[:2] }, []string{"RootUnknown"}},
		{"a seal in between is gone", func(s []Seal) []Seal { return slices.Delete(s, 1, 2) }, []string{"SealMissing"}},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			var got []string
			for _, f := range Verify(tt.change(chain(3, 1, 4)), &root) {
				got = append(got, f.Code)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
		})
	}
}

// Whatever single field of whatever row is changed: it is found.
func TestEveryChangeIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seals := chain(rapid.SliceOfN(rapid.IntRange(1, 5), 1, 6).Draw(t, "sizes")...)
		root := seals[len(seals)-1].Hash
		s := &seals[rapid.IntRange(0, len(seals)-1).Draw(t, "seal")]
		r := s.Leaves[rapid.IntRange(0, len(s.Leaves)-1).Draw(t, "row")].Row
		before := *r
		text := rapid.StringN(1, 20, -1)
		switch rapid.IntRange(0, 7).Draw(t, "field") {
		case 0:
			r.Actor += text.Draw(t, "text")
		case 1:
			r.Verb, r.Object = r.Verb+r.Object[:1], r.Object[1:] // the same bytes, cut elsewhere
		case 2:
			r.Object = text.Draw(t, "text")
		case 3:
			r.Reason = text.Draw(t, "text")
		case 4:
			r.Detail = text.Draw(t, "text")
		case 5:
			r.At = r.At.Add(time.Duration(rapid.Int64Range(1, 1_000_000).Draw(t, "µs")) * time.Microsecond)
		case 6:
			r.RecordedAt = r.RecordedAt.Add(-time.Microsecond)
		case 7:
			r.RequestID = text.Draw(t, "text")
		}
		if *r != before && len(Verify(seals, &root)) == 0 {
			t.Fatalf("not found: %+v became %+v", before, *r)
		}
	})
}

func TestHashText(t *testing.T) {
	h := row(1).Leaf()
	b, _ := h.MarshalText()
	var back Hash
	if err := back.UnmarshalText(b); err != nil || back != h {
		t.Errorf("%s became %s: %v", h, back, err)
	}
	if err := back.UnmarshalText([]byte("abc")); err == nil {
		t.Error("three digits are a hash")
	}
}
