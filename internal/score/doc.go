// Package score turns reported figures into points, points into ranks and ranks
// into nominations. It is pure and exact: figures are decimals, arithmetic is in
// fractions, and rounding happens once, when points are written down.
package score
