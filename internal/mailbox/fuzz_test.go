package mailbox

import "testing"

// Whatever arrives is parsed or shown as it is; nothing brings the mailbox down.
func FuzzParseMail(f *testing.F) {
	for _, s := range []string{
		"From: a@b.vn\r\nTo: c@d.vn\r\nSubject: =?utf-8?q?B=C3=A1o?=\r\nDate: Fri, 15 Oct 2021 17:00:00 +0700\r\nMessage-ID: <1@b.vn>\r\nX-Thidua-Units: A, B\r\n\r\nx\r\n",
		"Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n\r\na\r\n--x--\r\n", "Content-Transfer-Encoding: base64\r\n\r\n!!!", "\r\n", "",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(_ *testing.T, raw []byte) { _, _ = ParseMail(raw) })
}
