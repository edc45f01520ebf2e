package v1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the API group and version of every kind in this package.
var GroupVersion = schema.GroupVersion{Group: "thidua.dev", Version: "v1"}

// AddToScheme registers the kinds of this package, for clients of a cluster.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion,
		&Campaign{}, &CampaignList{},
		&Roster{}, &RosterList{},
		&Calendar{}, &CalendarList{},
		&RulePack{}, &RulePackList{},
		&MessageTemplate{}, &MessageTemplateList{},
	)
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}

// Object is any kind of this package: *Campaign, *Roster, *Calendar, *RulePack
// or *MessageTemplate.
//
// +kubebuilder:object:generate=false
type Object interface {
	metav1.Object
	runtime.Object
}
