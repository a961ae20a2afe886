// kubectl's own kustomize command, and nothing else of kubectl: what it prints is what `kubectl kustomize` of the
// release in go.mod prints. With arguments it is that command; without, it reads the path of a folder from each line
// of its input and answers with a line of JSON, so that thousands of folders take one process.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"

	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/cmd/kustomize"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/openapi/kubernetesapi"
)

// answer is what the command makes of a folder.
type answer struct {
	// YAML is what it prints.
	YAML string `json:"yaml"`
	// Objects are the same as `kubectl apply` sends them.
	Objects []json.RawMessage `json:"objects"`
	Error   string            `json:"error,omitempty"`
}

func main() {
	if len(os.Args) > 1 {
		if err := build(os.Args[1], os.Stdout); err != nil {
			os.Exit(1) // The command has said why.
		}
		return
	}
	silence() // Warnings of deprecated fields.
	paths, answers := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	for paths.Scan() {
		if err := answers.Encode(render(paths.Text())); err != nil {
			log.Fatal(err)
		}
	}
}

func silence() {
	log.SetOutput(io.Discard)
	if nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		os.Stderr = nowhere
	}
}

func build(path string, out io.Writer) error {
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: out, ErrOut: os.Stderr}
	command := kustomize.NewCmdKustomize(streams)
	command.SetArgs([]string{path})
	return command.Execute()
}

// render answers for one folder as a fresh process would. A folder that brings a schema of its own sees what the
// process has read of the builtin one, so it is rendered again once that is forgotten, and is then forgotten itself.
func render(path string) answer {
	result := renderOnce(path)
	if openapi.GetSchemaVersion() != kubernetesapi.DefaultOpenAPI {
		openapi.ResetOpenAPI()
		result = renderOnce(path)
		openapi.ResetOpenAPI()
	}
	return result
}

func renderOnce(path string) (result answer) {
	defer func() {
		if problem := recover(); problem != nil {
			result = answer{Error: fmt.Sprint("panic: ", problem)}
		}
	}()
	var out bytes.Buffer
	command := kustomize.NewCmdKustomize(genericiooptions.IOStreams{Out: &out})
	command.SetArgs([]string{path})
	command.SilenceErrors = true
	if err := command.Execute(); err != nil {
		return answer{Error: err.Error()}
	}
	objects, err := documents(out.Bytes())
	if err != nil {
		return answer{Error: "kubectl cannot read what it printed: " + err.Error()}
	}
	return answer{YAML: out.String(), Objects: objects}
}

// documents reads a stream of YAML as `kubectl apply` does.
func documents(stream []byte) ([]json.RawMessage, error) {
	objects := []json.RawMessage{}
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(stream), 4096); ; {
		var object json.RawMessage
		if err := decoder.Decode(&object); err == io.EOF {
			return objects, nil
		} else if err != nil {
			return nil, err
		}
		objects = append(objects, object)
	}
}
