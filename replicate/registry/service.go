package registry

import (
	"errors"
	"fmt"
	"strings"
)

// A Service is what is registered. In JSON, and on the wire, it is one flat
// object: Meta's members and those of the other fields, which are left out when
// they are zero, but for id and role.
type Service struct {
	ID      string         // names it, for all; "" has Register choose one
	Role    string         // what it is, such as "web"; it has no "@"
	Version string         // its semantic version, such as "1.2.3", or ""
	Host    string         // where it listens; "" is not known (yet)
	Port    int            // and at which port; 0 is not known
	Meta    map[string]any // what else there is to say, as JSON; numbers are read as json.Number
}

// MaxID bounds a service's id, in bytes.
const MaxID = 1 << 10

// ErrService is matched where what should be a service is none.
var ErrService = errors.New("registry: not a service")

func notService(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrService, fmt.Sprintf(format, args...))
}

// String returns role, version and address.
func (s Service) String() string {
	name := s.Role
	if s.Version != "" {
		name += "@" + s.Version
	}
	return fmt.Sprintf("%s %s:%d", name, s.Host, s.Port)
}

// MarshalJSON returns the flat object, with its members in order. It returns an
// error that matches ErrService if Meta is not JSON.
func (s Service) MarshalJSON() ([]byte, error) {
	r, err := newRecord(s)
	return []byte(r.raw), err
}

// UnmarshalJSON reads what MarshalJSON returns, or any object: members that are
// not of their field's type go to Meta. It returns an error that matches
// ErrService if text is no object.
func (s *Service) UnmarshalJSON(text []byte) error {
	r, err := parseRecord(text)
	*s = r.Service
	return err
}

// check reports why s cannot be registered.
func (s Service) check() error {
	switch {
	case s.Role == "":
		return notService("no role")
	case strings.Contains(s.Role, "@"):
		return notService("role %.64q has an @: the version is a field of its own", s.Role)
	case s.Port < 0 || s.Port > 65535:
		return notService("port %d", s.Port)
	}
	if s.Version != "" {
		if _, err := parseVersion(s.Version); err != nil {
			return notService("version %.64q: %v", s.Version, err)
		}
	}
	return checkID(s.ID)
}

func checkID(id string) error {
	if id == "" || len(id) > MaxID {
		return notService("id of %d bytes, and not of 1 to %d", len(id), MaxID)
	}
	return nil
}

// plainHost is an address as IPv4 says it, where a listener for both versions
// has seen it as IPv6 does.
func plainHost(host string) string {
	if rest, ok := strings.CutPrefix(host, "::ffff:"); ok && strings.Contains(rest, ".") {
		return rest
	}
	return host
}
