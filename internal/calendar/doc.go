// Package calendar knows civil days and which of them are worked. It is pure:
// no clock, no I/O. What is a day off is data, loaded as a v1.Calendar.
package calendar
