package workflows

// Ids of workflow.GetVersion stand here, each with its date and the rule by
// which it goes again: once no open history can hold the old branch, which the
// replay of all open histories before a new binary polls will tell. There is
// none yet.
