package evidence

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// Scanner looks for viruses.
type Scanner interface {
	// Scan reads a file to its end. It returns nil for a clean one, and a *Refused for
	// one that is not, or that nobody can tell about.
	Scan(ctx context.Context, r io.Reader) error
}

// Clamd is a ClamAV daemon, asked by its INSTREAM command: the file goes to it in pieces,
// so it needs no access to our directory and may run elsewhere.
type Clamd struct {
	network, addr string
	patience      time.Duration
}

// scanPatience is for all of one file. ClamAV itself gives up on a file after two minutes.
const scanPatience = 3 * time.Minute

// NewClamd names a daemon: HOST:PORT, or the path of its socket.
func NewClamd(addr string) (*Clamd, error) {
	if strings.HasPrefix(addr, "/") {
		return &Clamd{"unix", addr, scanPatience}, nil
	}
	if host, port, err := net.SplitHostPort(addr); err != nil || host == "" || port == "" {
		return nil, fmt.Errorf("%q is neither host:port, such as localhost:3310, nor a socket, such as /run/clamav/clamd.ctl", addr)
	}
	return &Clamd{"tcp", addr, scanPatience}, nil
}

// Scan asks for one file on a connection of its own.
func (c *Clamd) Scan(ctx context.Context, r io.Reader) error {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, c.network, c.addr)
	if err != nil {
		return scannerAway(err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	sent, err := instream(conn, r)
	if err != nil {
		return err
	}
	// A file that is too large it stops taking, and says so before it hangs up.
	reply, err := bufio.NewReader(io.LimitReader(conn, 1<<10)).ReadString(0)
	if err != nil {
		return scannerAway(errors.Join(ctx.Err(), sent, err))
	}
	return verdict(strings.TrimSuffix(reply, "\x00"), sent)
}

// pieceSize of what goes to the daemon at once.
const pieceSize = 64 << 10

// instream sends the command, the file in pieces, each after its length, and a piece of
// nothing. How the sending went is not the same as err: what is wrong with the file.
func instream(w io.Writer, r io.Reader) (sent, err error) {
	if _, sent = io.WriteString(w, "zINSTREAM\x00"); sent != nil {
		return sent, nil
	}
	piece := make([]byte, 4+pieceSize)
	for {
		n, err := io.ReadFull(r, piece[4:])
		ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !ended {
			return nil, err
		}
		if n > 0 {
			binary.BigEndian.PutUint32(piece, uint32(n)) // at most pieceSize
			if _, sent = w.Write(piece[:4+n]); sent != nil {
				return sent, nil
			}
		}
		if ended {
			_, sent = w.Write(make([]byte, 4))
			return sent, nil
		}
	}
}

// verdict reads what the daemon says. OK counts for a file that it has got whole.
func verdict(reply string, sent error) error {
	switch said, found := strings.CutPrefix(reply, "stream: "); {
	case found && said == "OK" && sent == nil:
		return nil
	case found && strings.HasSuffix(said, " FOUND"):
		return infected(strings.TrimSuffix(said, " FOUND"))
	case strings.HasPrefix(reply, "INSTREAM size limit exceeded"):
		return unscannable(errors.New("clamd: " + reply + ": raise its StreamMaxLength to 64M"))
	}
	return scannerAway(errors.Join(fmt.Errorf("clamd says %q", reply), sent))
}
