package pgcluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Scratch starts a volatile cluster in a temporary directory of its own: for
// rehearsals and for tests. end stops it and leaves nothing behind.
func Scratch(ctx context.Context) (_ *Cluster, end func(context.Context) error, err error) {
	dir, err := os.MkdirTemp("", "thidua-scratch-")
	if err != nil {
		return nil, nil, fmt.Errorf("scratch database: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	// PostgreSQL runs as another user when root starts it, and must pass through.
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, nil, fmt.Errorf("scratch database: %w", err)
	}
	c, err := Start(ctx, Options{Dir: filepath.Join(dir, "postgres"), Volatile: true})
	if err != nil {
		return nil, nil, err
	}
	return c, func(ctx context.Context) error {
		return errors.Join(c.Stop(ctx), os.RemoveAll(dir))
	}, nil
}
