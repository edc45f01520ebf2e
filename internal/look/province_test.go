package look

import (
	"fmt"
	"testing"
)

func TestProvinces(t *testing.T) {
	if len(provinces) != 63 {
		t.Fatalf("%d provinces", len(provinces))
	}
	cells, codes, shorts := map[string]string{}, map[string]bool{}, map[string]bool{}
	for _, p := range provinces {
		cell := fmt.Sprintf("%d/%d", p.Column, p.Row)
		if other := cells[cell]; other != "" {
			t.Errorf("%s lies on %s", p.Province, other)
		}
		cells[cell] = p.Province
		if codes[p.Code] || shorts[p.Short] {
			t.Errorf("%s is %s (%s), as another one is", p.Province, p.Code, p.Short)
		}
		codes[p.Code], shorts[p.Short] = true, true
		if p.Column < 1 || p.Row < 1 || p.Column > 7 || len([]rune(p.Short)) > 4 {
			t.Errorf("%+v", p)
		}
	}
}

func TestProvinceOf(t *testing.T) {
	for name, want := range map[string]string{
		"Sở Thông tin và Truyền thông Hà Nội":         "01",
		"Ủy ban nhân dân thành phố Hồ Chí Minh":       "79",
		"Sở Nội vụ tỉnh Hoà Bình":                     "17", // the mark stands elsewhere
		"UBND tỉnh Bà Rịa – Vũng Tàu":                 "77", // another dash
		"UBND TỈNH THỪA THIÊN - HUẾ":                  "46",
		"Sở Tư pháp Kiên Giang":                       "91", // not An Giang
		"Sở Tư pháp An Giang":                         "89",
		"Cao Ba\u0306\u0300ng":                        "04", // written with combining marks
		"Vụ Bưu chính":                                "",
		"Báo Hà Nội mới":                              "", // the name does not end with it
		"Tổng công ty Giải pháp Doanh nghiệp Viettel": "",
		"": "",
	} {
		if p, ok := provinceOf(name); p.Code != want || ok != (want != "") {
			t.Errorf("%q is of %q, want %q", name, p.Code, want)
		}
	}
}

func TestPlace(t *testing.T) {
	tile := func(kind, name string) Tile { return Tile{Unit: Unit{Name: name}, Kind: kind} }
	for why, c := range map[string]struct {
		tiles []Tile
		want  int // are on the map
	}{
		"departments of provinces":                {[]Tile{tile("so", "Sở Hà Nội"), tile("so", "Sở Cà Mau"), tile("so", "Sở Lai Châu")}, 3},
		"one that is nowhere stays in its group":  {[]Tile{tile("so", "Sở Hà Nội"), tile("so", "Sở Cà Mau"), tile("so", "Sở mới")}, 2},
		"a newspaper is no province":              {[]Tile{tile("bao", "Báo Hà Nội"), tile("bao", "Báo Nhân Dân"), tile("bao", "Báo Lao Động")}, 0},
		"nor are the communes of one":             {[]Tile{tile("xa", "Xã Mỹ Đức, Hà Nội"), tile("xa", "Xã Phú Minh, Hà Nội"), tile("xa", "Xã Năm Căn, Cà Mau")}, 0},
		"not even with a commune of many others":  {[]Tile{tile("xa", "A Hà Nội"), tile("xa", "B Hà Nội"), tile("xa", "C Cà Mau"), tile("xa", "D Lai Châu"), tile("xa", "E Hà Nội"), tile("xa", "F Bắc Kạn")}, 0},
		"one alone needs no map":                  {[]Tile{tile("so", "Sở Hà Nội"), tile("vu", "Vụ Bưu chính")}, 0},
		"of two kinds the larger one has the map": {[]Tile{tile("so", "Sở Hà Nội"), tile("so", "Sở Cà Mau"), tile("ubnd", "UBND Hà Nội"), tile("ubnd", "UBND Cà Mau"), tile("ubnd", "UBND Lai Châu")}, 3},
	} {
		place(c.tiles)
		cells, n := map[Place]bool{}, 0
		for _, tile := range c.tiles {
			if tile.Place != nil {
				n++
				cells[*tile.Place] = true
			}
		}
		if n != c.want || len(cells) != n {
			t.Errorf("%s: %d are on the map in %d places, want %d", why, n, len(cells), c.want)
		}
	}
}
