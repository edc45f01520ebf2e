package evidence

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The text that every scanner takes for a virus, put together here so that this file is
// none.
const eicar = `X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-` + `STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`

// daemon speaks clamd's protocol, with a limit of what it takes.
type daemon struct{ limit int }

func (d daemon) serve(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go d.answer(conn)
	}
}

func (d daemon) answer(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	if command, err := r.ReadString(0); err != nil || command != "zINSTREAM\x00" {
		_, _ = conn.Write([]byte("UNKNOWN COMMAND\x00"))
		return
	}
	var file []byte
	for {
		var length uint32
		if binary.Read(r, binary.BigEndian, &length) != nil {
			return
		}
		if length == 0 {
			break
		}
		if len(file)+int(length) > d.limit {
			_, _ = conn.Write([]byte("INSTREAM size limit exceeded. ERROR\x00"))
			return // with pieces unread, as clamd does
		}
		piece := make([]byte, length)
		if _, err := io.ReadFull(r, piece); err != nil {
			return
		}
		file = append(file, piece...)
	}
	reply := "stream: OK\x00"
	if bytes.Contains(file, []byte(eicar)) {
		reply = "stream: Win.Test.EICAR_HDB-1 FOUND\x00"
	}
	_, _ = conn.Write([]byte(reply))
}

// listening gives each connection to handle.
func listening(t *testing.T, network, addr string, serve func(net.Listener)) *Clamd {
	t.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go serve(l)
	c, err := NewClamd(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// saying answers whatever comes with one text.
func saying(text string) func(net.Listener) {
	return func(l net.Listener) {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte(text))
			conn.Close()
		}
	}
}

func TestClamdsVerdicts(t *testing.T) {
	clamd := daemon{limit: 1 << 20}.serve
	socket := listening(t, "unix", filepath.Join(t.TempDir(), "clamd.ctl"), clamd)
	for _, c := range []struct {
		reason string
		by     *Clamd
		file   string
		want   string // code; empty: taken
	}{
		{"a clean file", socket, "abc", ""},
		{"a clean one in several pieces", socket, strings.Repeat("abc", pieceSize), ""},
		{"over TCP", listening(t, "tcp", "127.0.0.1:0", clamd), "abc", ""},
		{"a virus", socket, eicar, "FileInfected"},
		{"a virus in a later piece", socket, strings.Repeat(" ", 3*pieceSize) + eicar, "FileInfected"},
		{"more than clamd takes", socket, strings.Repeat("abc", 1<<20), "FileUnscannable"},
		{"more than clamd takes, over TCP", listening(t, "tcp", "127.0.0.1:0", clamd), strings.Repeat("abc", 1<<20), "FileUnscannable"},
		{"an error of its own is no clean bill", listening(t, "tcp", "127.0.0.1:0", saying("stream: Can't allocate memory ERROR\x00")), "abc", "ScannerAway"},
		{"half an answer", listening(t, "tcp", "127.0.0.1:0", saying("stream: OK")), "abc", "ScannerAway"},
		{"it hangs up", listening(t, "tcp", "127.0.0.1:0", saying("")), "abc", "ScannerAway"},
		{"OK before it has got the file", listening(t, "tcp", "127.0.0.1:0", saying("stream: OK\x00")), strings.Repeat("abc", 16<<20), "ScannerAway"},
		{"nobody is there", &Clamd{"unix", filepath.Join(t.TempDir(), "none"), scanPatience}, "abc", "ScannerAway"},
		{"a program is not even shown to it", nil, "MZ\x90\x00\x03", "FileProgram"},
	} {
		dir := t.TempDir()
		s := New(dir)
		if c.by != nil {
			s = s.Scanned(c.by)
		}
		_, err := s.Put(t.Context(), strings.NewReader(c.file))
		refused := &Refused{}
		if !errors.As(err, &refused) && err != nil || refused.Code != c.want {
			t.Errorf("%s: %v, want %q", c.reason, err, c.want)
		}
		if left, err := os.ReadDir(dir); err != nil || c.want != "" && len(left) > 0 {
			t.Errorf("%s: %v is left, %v", c.reason, left, err)
		}
	}
}

// A daemon that takes all and says nothing is not waited for without end.
func TestClamdThatHangs(t *testing.T) {
	c := listening(t, "tcp", "127.0.0.1:0", func(l net.Listener) {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
		}
	})
	c.patience = 10 * time.Millisecond
	var refused *Refused
	for reason, file := range map[string]string{"it answers nothing": "abc", "it reads nothing": strings.Repeat("abc", 16<<20)} {
		if err := c.Scan(t.Context(), strings.NewReader(file)); !errors.As(err, &refused) || refused.Code != "ScannerAway" || !refused.Later {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

func TestPrograms(t *testing.T) {
	for head, want := range map[string]bool{
		"MZ\x90\x00": true, "\x7fELF\x02": true, "#!/bin/sh\n": true, "L\x00\x00\x00\x01\x14\x02\x00": true,
		"MZ là tên một xã": false, "%PDF-1.7": false, "PK\x03\x04": false, "# Báo cáo": false, "": false,
	} {
		if program([]byte(head)) != want {
			t.Errorf("%q: not %t", head, want)
		}
	}
}

func TestClamdAddresses(t *testing.T) {
	for addr, good := range map[string]bool{"/run/clamav/clamd.ctl": true, "clamd:3310": true, "[::1]:3310": true, "clamd": false, ":3310": false, "run/clamd.ctl": false} {
		if _, err := NewClamd(addr); (err == nil) != good {
			t.Errorf("%s: %v", addr, err)
		}
	}
}
