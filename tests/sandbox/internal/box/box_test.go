package box

import "testing"

func TestAProcessIsFoundByItsNumberInside(t *testing.T) {
	cases := map[string]struct {
		status string
		want   int
	}{
		"of the host":             {"Name:\tbash\nNSpid:\t812\n", 812},
		"of a box":                {"Name:\tetcd\nNSpid:\t21971\t9\n", 9},
		"of a container in a box": {"Name:\tenvoy\nNSpid:\t30012\t140\t17\n", 17},
		"that is gone":            {"", 0},
	}
	for name, c := range cases {
		if got := innermost(c.status); got != c.want {
			t.Errorf("a process %s: %d, want %d", name, got, c.want)
		}
	}
}

func TestWhatIsKeptIsCarriedIntoTheFolderThatHidesIt(t *testing.T) {
	cases := map[string]struct{ target, kept, want string }{
		"a state in /var/lib":        {"/var/lib", "/var/lib/kubestock-sandbox/demo", "kubestock-sandbox/demo"},
		"a cache elsewhere":          {"/var/lib", "/root/.cache/kubestock-sandbox", ""},
		"a folder with a like name":  {"/run", "/running/cache", ""},
		"a cache in a user's folder": {"/run", "/run/user/0/cache", "user/0/cache"},
	}
	for name, c := range cases {
		below, inside := under(c.target, c.kept)
		if below != c.want || inside != (c.want != "") {
			t.Errorf("%s: %q %t, want %q", name, below, inside, c.want)
		}
	}
}
