// Records what Helm's own parser makes of --set and --set-string, for the tests to compare with:
//
//	cd tests/profiles/helm && go run . > ../strvals.jsonl
package main

import (
	"bytes"
	"encoding/json"
	"log"
	"os"

	"helm.sh/helm/v3/pkg/strvals"
)

// A Case is an argument, whether it is laid over the document, and what comes of it.
type Case struct {
	Flag  string         `json:"flag"`
	Value string         `json:"value"`
	Over  bool           `json:"over,omitempty"`
	Gives map[string]any `json:"gives"`
	Error string         `json:"error,omitempty"`
}

// What stands on the command line, laid over nothing.
var alone = []string{
	"", "a=1", "a=b", "a=", "a=b=c", "a=1,b=2", "a=1,", "a=x,b=,c=z", "a=b c", " a = b ", "a=1, b=2",
	"a", "a,b=1", "a=1,b", "=1", "a=1,,b=2", ",a=1", "a..b=1", ".a=1", "a.=1", "a.b", "a.b,c=1", "a.b.c=1",
	"a.b=1,a.c=2", "a.b=1,a.b=2", "a=1,a.b=2", "a.b=1,a=2",
	// What words mean.
	"a=true", "a=True", "a=TRUE", "a=false", "a=FaLsE", "a=yes", "a=on", "a=null", "a=NULL", "a=~", "a=nil",
	"a=0", "a=00", "a=007", "a=0x1F", "a=0.5", "a=-1", "a=-0", "a=+5", "a=1_000", "a=1e3", "a=1.5", "a=1.18.0",
	"a=9223372036854775807", "a=9223372036854775808", "a=-9223372036854775808", "a=12345678901234567890",
	"a='x'", `a="x"`, `a="1"`, "a='1'", "a= 1", "a=1 ", "a=truex", "a=é", "é=1", "a=\n", "a=x\ny",
	// Escapes.
	`a\.b=1`, `a\.b.c=1`, `a\=b=1`, `a\,b=1`, `a\[0]=1`, `a=x\,y`, `a=x\\y`, `a=\{x\}`, `a=\x`, `a=\true`, `a=x\`,
	`a\`, `a\\=1`, `a=1\,b=2`, `nodeSelector.kubernetes\.io/role=master`, `a={x\,y,z}`, `a={x\}y}`, `a=\`,
	// Lists.
	"a={}", "a={x}", "a={x,y}", "a={x,y},b=1", "a={x,y}b=1", "a={x,y},", "a={x,y", "a={", "a={x,,y}", "a={,}",
	"a={x,}", "a={1,true,null,1.5,007}", "a={ x, y }", "a={{x}}", "a={x}}", "a=x{y}", "a=x{y,z=1}", "a.b={x,y}",
	"a={x}.b=1", "{a}=1", "a={x=1,y=2}",
	// Items.
	"a[0]=1", "a[0]=1,a[1]=2", "a[1]=1", "a[1]=2,a[0]=1", "a[2]=x", "a[0].b=1", "a[0].b=1,a[0].c=2",
	"a[0].b=1,a[1].b=2", "a[0].b[0]=1", "a[0][0]=1", "a[0][0]=1,a[0][1]=2", "a[0]={x,y}", "a[0]=", "a[0]", "a[0].",
	"a[0]b=1", "a[0],b=1", "a[0", "a[", "a[]=1", "a[x]=1", "a[-1]=1", "a[ 0]=1", "a[00]=1", "a[+0]=1", "[0]=1",
	"a[0]=x,a=y", "a=y,a[0]=x", "a=y,a.b=x", "a[0]=x,a[0].b=y", "a[0]=x,a.b=y", "a[70000]=1", "a[0].b.c[0].d=1",
	"a[99999999999999999999]=1",
	// As deep as it goes.
	"1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20.21.22.23.24.25.26.27.28.29.30.31=x",
	"1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20.21.22.23.24.25.26.27.28.29.30.31.32=x",
	// As a profile would have them.
	"istio.version=1.18.0", "istio.overlay.values.global.hub=registry.example.com:5000/istio",
	"istio.addons={kiali,prometheus}", "istio.overlay.meshConfig.outboundTrafficPolicy.mode=REGISTRY_ONLY",
	`istio.overlay.components.pilot.k8s.podAnnotations.a\.b/c=true`, "description=Both\\, and more",
}

var text = []string{
	"a=1", "a=true", "a=null", "a=0", "a={1,true,null}", "a=", "a=1,b=2", "a[0]=1", "a.b=1.5", `a=x\,y`, "a",
}

// What some are laid over; the tests have the same.
const document = `{"n": 1, "t": "x", "m": {"a": 1, "b": {"c": 2}}, "l": ["x", "y", "z"], "o": [{"name": "p", "v": 1}, {"name": "q"}]}`

var over = []string{
	"n=2", "m.a=2", "m.b.c=3", "m.b.d=4", "m=1", "m.b=1", "x=1", "x.y=1", "m.b=null", "m=null", "n=null", "m.x=null",
	"l[0]=a", "l[2]=a", "l[3]=a", "l[4]=a", "l={a}", "l=1", "l[0].a=1", "l.a=1", "t.a=1", "t[0]=1", "n[0]=1", "m[0]=1",
	"o[0].v=2", "o[1].v=3", "o[2].name=r", "o[0]=1", "o[0].v.w=1", "o[0].name=z", "o[p].v=2", "m.a=2,m.a=3",
	"m.a=2,nonsense",
}

func main() {
	var cases []Case
	for _, value := range alone {
		cases = append(cases, record("--set", value, false))
	}
	for _, value := range text {
		cases = append(cases, record("--set-string", value, false))
	}
	for _, value := range over {
		cases = append(cases, record("--set", value, true))
	}
	write(cases)
}

func record(flag, value string, isOver bool) Case {
	made := Case{Flag: flag, Value: value, Over: isOver}
	parse := map[string]func(string, map[string]any) error{
		"--set":        strvals.ParseInto,
		"--set-string": strvals.ParseIntoString,
	}[flag]
	into := map[string]any{}
	if isOver {
		if err := json.Unmarshal([]byte(document), &into); err != nil {
			log.Fatal(err)
		}
	}
	if err := parse(value, into); err != nil {
		made.Error = err.Error()
	} else {
		made.Gives = into
	}
	return made
}

// write prints a case a line, so that a change is one line in a diff.
func write(cases []Case) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	for _, one := range cases {
		if err := encoder.Encode(one); err != nil {
			log.Fatal(err)
		}
	}
	if _, err := os.Stdout.Write(out.Bytes()); err != nil {
		log.Fatal(err)
	}
}
