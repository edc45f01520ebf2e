package journeys

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"thidua.dev/thidua/internal/secret"
)

//go:embed axe.min.js
var axe string

// browser is one person's: with cookies of its own.
type browser struct {
	*installation
	ctx  context.Context
	taps int
}

// chromium starts a browser for all.
func chromium(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"} {
		if _, err := os.Stat(name); err == nil {
			path = name
			break
		}
	}
	if path == "" {
		t.Fatal("there is no Chromium: tools/chromium.sh installs it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("force-color-profile", "srgb"),
		chromedp.Flag("lang", "vi"), chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(patience))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// open is a window of somebody, on a desk or in a hand.
func (in *installation) open(chromium context.Context, phone bool) *browser {
	in.t.Helper()
	ctx, cancel := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext())
	in.t.Cleanup(cancel)
	b := &browser{installation: in, ctx: ctx}
	size := chromedp.EmulateViewport(1280, 900)
	if phone {
		size = chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2))
	}
	if err := chromedp.Do(ctx, size); err != nil { // the window lives as long as this context
		in.t.Fatal(err)
	}
	return b
}

func (b *browser) run(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.fail(err.Error())
	}
}

// fail says where the browser was and what it showed.
func (b *browser) fail(what string) {
	b.t.Helper()
	b.photograph("failed")
	at, _ := chromedp.Run(b.ctx, chromedp.Location())
	text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText : ""`))
	b.t.Fatalf("%s: %s\n%.4000s", at, what, text)
}

// ask is what an expression gives in the page; a promise is waited for.
func ask[T any](b *browser, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.fail(err.Error())
	}
	return v
}

// holds waits until an expression is true in the page, or in the one that it leads to.
func (b *browser) holds(expression string) {
	b.t.Helper()
	for end := time.Now().Add(patience / 3); ; <-time.After(50 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(b.ctx, patience/3)
		// While the browser goes from page to page there is none to ask.
		holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`Boolean(`+expression+`)`))
		cancel()
		if err == nil && holds {
			return
		}
		if time.Now().After(end) {
			b.fail(fmt.Sprintf("%s does not hold (%v)", expression, err))
		}
	}
}

// quoted is text as scripts write it.
func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string can always be written
	}
	return string(b)
}

// visit goes to a page of the installation.
func (b *browser) visit(path string) {
	b.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.url + path
	}
	b.run(chromedp.Navigate(path), chromedp.WaitReady(chromedp.CSS("main")))
}

// tap is a click that a person makes, and leads to another page.
func (b *browser) tap(selector, then string) {
	b.t.Helper()
	ask[bool](b, `window.before = true`)
	b.press(selector, `!window.before && document.readyState === "complete" && document.querySelector(`+quoted(then)+`) !== null`)
}

// press is a click that changes the page.
func (b *browser) press(selector, then string) {
	b.t.Helper()
	b.taps++
	b.run(chromedp.ScrollIntoView(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector)))
	b.holds(then)
}

// fill types into a field, in place of what is there, and leaves it.
func (b *browser) fill(selector, text string) {
	b.t.Helper()
	b.run(chromedp.WaitReady(chromedp.CSS(selector)))
	ask[bool](b, fmt.Sprintf(`(() => {
		const e = document.querySelector(%s);
		e.focus(); e.value = %s;
		e.dispatchEvent(new Event("input", {bubbles: true})); e.dispatchEvent(new Event("change", {bubbles: true}));
		return true;
	})()`, quoted(selector), quoted(text)))
}

// attach chooses a file.
func (b *browser) attach(selector, file string) {
	b.t.Helper()
	b.run(chromedp.SetUploadFiles(chromedp.CSS(selector), []string{file}))
}

// says waits until the page says all of some texts.
func (b *browser) says(texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		b.holds(`document.body && document.body.innerText.normalize().toLowerCase().includes(` + quoted(text) + `.normalize().toLowerCase())`)
	}
}

// path is where the browser is.
func (b *browser) path() string {
	b.t.Helper()
	at, err := chromedp.Run(b.ctx, chromedp.Location())
	b.ok(err)
	at, _, _ = strings.Cut(strings.TrimPrefix(at, b.url), "#")
	return at
}

// login logs somebody in, with a code where one is asked for.
func (b *browser) login(who string) {
	b.t.Helper()
	b.visit("/login")
	b.fill("#login", who)
	b.fill("#password", passphrase)
	b.tap("main form button[type=submit]", "main")
	if strings.HasPrefix(b.path(), "/login/code") {
		// A code counts once; nobody waits half a minute for the next.
		_, err := b.pool.Exec(b.t.Context(), `UPDATE account SET totp_step = 0 WHERE login = $1`, who)
		b.ok(err)
		b.fill("#code", secret.Code(seed, time.Now()))
		b.tap("main form button[type=submit]", "main")
	}
	if strings.HasPrefix(b.path(), "/login") {
		b.t.Fatalf("%s is not let in", who)
	}
	b.taps = 0
}

// seenDir is where what was seen is kept.
func seenDir() string {
	if dir := os.Getenv("JOURNEYS_DIR"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", "out", "journeys")
}

// narrowed holds a page to a telephone's width, and gives the desk back.
func (b *browser) narrowed(name string) {
	b.t.Helper()
	b.run(chromedp.EmulateViewport(360, 740))
	b.check(name + ", on a telephone")
	b.run(chromedp.EmulateViewport(1280, 900))
}

// photograph keeps what is on the screen.
func (b *browser) photograph(name string) {
	b.t.Helper()
	picture, err := chromedp.Run(b.ctx, func(ctx context.Context, t *chromedp.Target) ([]byte, error) {
		quality := int64(75)
		r, err := cdp.Call(ctx, t, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatWebp, Quality: &quality})
		return r.Data, err
	})
	if err != nil {
		b.t.Logf("no picture of %s: %v", name, err)
		return
	}
	b.ok(os.MkdirAll(seenDir(), 0o750))
	b.ok(os.WriteFile(filepath.Join(seenDir(), name+".webp"), picture, 0o600))
}

// show scrolls to what a picture is about.
func (b *browser) show(selector string) {
	b.t.Helper()
	b.run(chromedp.WaitReady(chromedp.CSS(selector)))
	ask[bool](b, `(document.querySelector(`+quoted(selector)+`).scrollIntoView({block: "start"}), true)`)
}

// violation is what axe has against a page.
type violation struct {
	ID, Impact, Help string
	Nodes            []struct{ Target []any }
}

// check holds the page to axe's rules for WCAG 2.1 AA, and to its own width: nothing
// leads a reader aside.
func (b *browser) check(name string) {
	b.t.Helper()
	ask[bool](b, axe+"; true")
	found := ask[[]violation](b, `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}).then(
		r => r.violations.map(v => ({id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.map(n => ({target: n.target}))})))`)
	for _, v := range found {
		what := b.t.Logf
		if v.Impact == "serious" || v.Impact == "critical" {
			what = b.t.Errorf
		}
		what("%s: %s (%s): %s, at %v", name, v.ID, v.Impact, v.Help, v.Nodes)
	}
	if wide, width := ask[int](b, `document.documentElement.scrollWidth`), ask[int](b, `document.documentElement.clientWidth`); wide > width {
		b.t.Errorf("%s is %d wide on a screen of %d", name, wide, width)
	}
}
