package journeys

import (
	"context"
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
)

// pages holds what the journeys have not come by to the same rules, for a desk and for a
// hand, in both languages.
func (in *installation) pages(chromium context.Context) {
	letter := in.count(`SELECT coalesce(min(l.id), 0) FROM letter l`)
	all := map[string][]string{
		"": {"/login", "/roots", "/nowhere", "/invite/" + strings.Repeat("x", 40), "/login?lang=en"},
		"van-phong@btttt.example": {
			"/", "/declare", "/todo", "/account", "/account/factor", "/campaigns/" + name, "/campaigns/" + name + "?lang=en", "/campaigns/" + name + "/steer",
			"/campaigns/" + name + "/units", "/campaigns/" + name + "/units?q=bưu", "/campaigns/" + name + "/units/STTTT-01", "/campaigns/" + name + "/ranking",
			"/campaigns/" + name + "/units/STTTT-03/monthly/2026-12", "/campaigns/" + name + "/messages", "/campaigns/" + name + "/messages?state=Sent",
			"/people", "/people?unit=STTTT-01", "/campaigns/" + name + "/pictures", "/campaigns/" + name + "/pictures/grid", "/campaigns/" + name + "/pictures/load?lang=en",
		},
		"giam-doc@stttt.example": {"/unit/" + name, "/unit/" + name + "/report/monthly/2026-12", "/account"},
	}
	if letter > 0 {
		all["van-phong@btttt.example"] = append(all["van-phong@btttt.example"], fmt.Sprintf("/campaigns/%s/letters/%d", name, letter))
	}
	for who, paths := range all {
		for _, phone := range []bool{false, true} {
			b := in.open(chromium, phone)
			if who != "" {
				b.login(who)
			}
			for _, path := range paths {
				if !strings.Contains(path, "/letters/") {
					b.visit(path)
				} else { // a letter is a page of paper
					b.run(chromedp.Navigate(b.url+path), chromedp.WaitReady(chromedp.CSS("body")))
				}
				b.check(fmt.Sprintf("%s (phone: %v)", path, phone))
			}
		}
	}
}
