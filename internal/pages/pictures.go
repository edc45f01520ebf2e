package pages

import (
	"html"
	"net/http"
	"slices"
	"strings"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
)

func (a *App) addPictures(around func(http.Handler) http.Handler) {
	for pattern, serve := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /campaigns/{name}/pictures":           a.servePictures,
		"GET /campaigns/{name}/pictures/live":      a.serveLive,
		"GET /campaigns/{name}/pictures/{picture}": a.servePicture,
	} {
		a.handle(pattern, serve, around)
	}
}

// picture is one of a campaign's pictures: how it is drawn, and its numbers as a table.
type picture struct {
	name  string // in addresses
	drawn func(u ui, p look.Pictures) part
	table func(u ui, p look.Pictures) sheet
}

// pictures in the order of the page.
var pictures = []picture{
	{"completeness", func(u ui, p look.Pictures) part { return part{component: completenessPicture(u, p)} }, completenessSheet},
	{"rounds", func(u ui, p look.Pictures) part { return part{component: roundsPicture(u, p)} }, roundsSheet},
	{"grid", func(u ui, p look.Pictures) part { return part{component: gridPicture(u, p)} }, gridSheet},
	{"ranks", func(u ui, p look.Pictures) part { return part{component: ranksPicture(u, p)} }, ranksSheet},
	{"load", func(u ui, p look.Pictures) part { return part{component: loadPicture(u, p)} }, loadSheet},
}

// pictureParts are the sections of the page of pictures, in order.
func pictureParts(u ui, p look.Pictures, round string) []part {
	parts := []part{{id: "pictures", component: picturesHead(u, p)}}
	for _, one := range pictures {
		parts = append(parts, one.parts(u, p, round)...)
	}
	return parts
}

// parts are the picture and its table. A table that somebody has opened stays open when
// its numbers change: what opens is not among what is sent again.
func (one picture) parts(u ui, p look.Pictures, round string) []part {
	drawn := one.drawn(u, p)
	drawn.id = "picture-" + one.name
	drawn.before = `<section class="wide picture">`
	numbers := one.table(u, p)
	if len(numbers.rows) == 0 {
		drawn.after = "</section>" // it has said so; a table will come with the page's next visit
		return []part{drawn}
	}
	csv := u.href(u.campaign(p.Campaign.Name, "/pictures/", one.name+".csv"), "round", round)
	return []part{drawn, {
		id: "table-" + one.name, component: sheetTable(one.name, numbers),
		before: "<details><summary>" + html.EscapeString(u.t("picture.table")) + "</summary>",
		after:  `</details><p class="small"><a href="` + html.EscapeString(csv) + `">` + html.EscapeString(u.t("picture.csv")) + "</a></p></section>",
	}}
}

func (a *App) servePictures(w http.ResponseWriter, r *http.Request) error {
	u := a.ui(r)
	if _, err := a.campaignReader(r); err != nil {
		return err
	}
	t := topic{page: picturesPage, campaign: r.PathValue("name"), round: r.URL.Query().Get("round"), lang: u.lang}
	s, err := a.live.look(r.Context(), t)
	if err != nil {
		return err
	}
	u.pictures = true
	return write(w, r, http.StatusOK, layout(u, s.title, u.live(t, s), s.component()))
}

// servePicture is one picture alone, or with .csv its numbers.
func (a *App) servePicture(w http.ResponseWriter, r *http.Request) error {
	name, csv := strings.CutSuffix(r.PathValue("picture"), ".csv")
	i := slices.IndexFunc(pictures, func(p picture) bool { return p.name == name })
	if i < 0 {
		return &look.NotFound{Kind: "page"}
	}
	u, round := a.ui(r), r.URL.Query().Get("round")
	p, err := a.picture(r, name, round, csv)
	if err != nil {
		return err
	}
	if csv {
		return writeSheet(w, p.Campaign.Name+"-"+name, pictures[i].table(u, p))
	}
	u.alone = true
	s, err := render(r.Context(), u.t("picture."+name), pictures[i].parts(u, p, round))
	if err != nil {
		return err
	}
	u.pictures = true
	return write(w, r, http.StatusOK, layout(u, s.title, "", alone(u, p, s.component())))
}

// picture reads what one picture is drawn from: of a page as much as a page shows, of a
// file all. Places in rankings are open to units once they are published.
func (a *App) picture(r *http.Request, name, round string, all bool) (look.Pictures, error) {
	campaign := r.PathValue("name")
	reader, err := a.campaignReader(r)
	if name == "ranks" {
		published := err != nil
		if published {
			reader, err = a.door.reader(r.Context(), auth.SeeAll, engine.Of{Campaign: campaign, Ranking: true})
		}
		if err != nil {
			return look.Pictures{}, err
		}
		return ranksAlone(r, reader, campaign, published, all)
	}
	if err != nil {
		return look.Pictures{}, err
	}
	return reader.Pictures(r.Context(), campaign, round)
}

func ranksAlone(r *http.Request, reader *look.Reader, campaign string, published, all bool) (p look.Pictures, err error) {
	if p.Campaign, err = reader.Campaign(r.Context(), campaign); err != nil {
		return p, err
	}
	f := look.RanksFilter{Group: r.URL.Query().Get("group"), Published: published}
	if !all {
		f.MaxGroups, f.MaxUnits = look.PictureGroups, look.PicturePerGroup
	}
	p.Ranks, err = reader.Ranks(r.Context(), campaign, f)
	return p, err
}

// stage is which words an empty picture has: before the launch, while it runs, after.
func stage(c look.Campaign) string {
	switch c.State {
	case "Declared":
		return "Declared"
	case "Closed", "Cancelled":
		return "Over"
	}
	return "Launched"
}

// roundsWords compare the rounds that are over.
func roundsWords(u ui, rounds []look.Round) string {
	var best, worst *look.Round
	closed := int64(0)
	for i := range rounds {
		r := &rounds[i]
		if r.State != "Closed" || r.Expected == 0 {
			continue
		}
		closed++
		if best == nil || r.Timeliness > best.Timeliness {
			best = r
		}
		if worst == nil || r.Timeliness < worst.Timeliness {
			worst = r
		}
	}
	switch {
	case closed == 0:
		return u.t("rounds.says.none")
	case best.Timeliness == worst.Timeliness:
		return u.t("rounds.says.same", "{n}", u.n(closed), "{percent}", itoa(best.Timeliness))
	}
	return u.t("rounds.says", "{n}", u.n(closed), "{best}", u.text(best.Title), "{high}", itoa(best.Timeliness), "{worst}", u.text(worst.Title), "{low}", itoa(worst.Timeliness))
}

// progressWords say what is going on and how far it is.
func progressWords(u ui, p look.Progress) string {
	if p.What == "Launch" {
		return u.t("progress.launch", "{done}", u.n(p.Done), "{total}", u.n(p.Total))
	}
	what := u.word("step", p.Step)
	if title := u.text(p.Title); title != "" {
		what = title + " – " + what
	}
	return u.t("progress.sending", "{what}", what, "{done}", u.n(p.Done), "{total}", u.n(p.Total))
}
