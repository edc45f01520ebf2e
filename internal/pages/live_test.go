package pages

import (
	"slices"
	"testing"
)

// TestPicturesAreDrawnLessOften: a board is looked at whenever something has changed,
// pictures every fifth time, and nothing when nothing has.
func TestPicturesAreDrawnLessOften(t *testing.T) {
	board, pictures := topic{campaign: "a"}, topic{campaign: "a", page: picturesPage}
	l := &live{feeds: map[topic]*feed{board: {}, pictures: {}}}
	looked := map[topic][]int{}
	for n := range 12 {
		version := string(rune('a' + min(n, 10))) // something changes ten times, then there is quiet
		for _, t := range l.stale(version) {
			looked[t] = append(looked[t], n)
			l.feeds[t].seen = version
		}
	}
	if got := looked[board]; !slices.Equal(got, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}) {
		t.Errorf("the board is looked at %v", got)
	}
	if got := looked[pictures]; !slices.Equal(got, []int{0, 5, 10}) {
		t.Errorf("pictures are looked at %v", got)
	}
}
