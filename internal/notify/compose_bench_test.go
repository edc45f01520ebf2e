package notify

import "testing"

func BenchmarkCompose(b *testing.B) {
	c, err := NewComposer(nil)
	if err != nil {
		b.Fatal(err)
	}
	e := envelope(nil)
	for b.Loop() {
		if _, err := c.Compose(e); err != nil {
			b.Fatal(err)
		}
	}
}
