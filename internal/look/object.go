package look

import (
	"context"
	"encoding/json"
	"time"
)

// Object is a declared object as it was admitted.
type Object struct {
	Kind       string          `json:"kind"`
	Name       string          `json:"name"`
	Generation int64           `json:"generation"`
	Manifest   json.RawMessage `json:"manifest"`
	AppliedAt  time.Time       `json:"appliedAt"`
	Actor      string          `json:"actor"`
}

// Objects are the newest generations of everything that was declared.
func (r *Reader) Objects(ctx context.Context) ([]Object, error) {
	objects := []Object{}
	err := r.view(ctx, func(v *view) error {
		rows, err := v.NewestObjects(ctx)
		for _, o := range rows {
			objects = append(objects, Object{o.Kind, o.Name, o.Generation, o.Manifest, o.AppliedAt, o.Actor})
		}
		return err
	})
	return objects, err
}
