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
	return scratch(ctx, Options{Volatile: true})
}

// DurableScratch is Scratch with commits that are on disk when they return, as
// those of `up` are: for measuring.
func DurableScratch(ctx context.Context, settings ...string) (_ *Cluster, end func(context.Context) error, err error) {
	return scratch(ctx, Options{Settings: settings})
}

func scratch(ctx context.Context, opt Options) (_ *Cluster, end func(context.Context) error, err error) {
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
	opt.Dir = filepath.Join(dir, "postgres")
	c, err := Start(ctx, opt)
	if err != nil {
		return nil, nil, err
	}
	return c, func(ctx context.Context) error {
		return errors.Join(c.Stop(ctx), os.RemoveAll(dir))
	}, nil
}
