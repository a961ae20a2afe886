package profiles

import (
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// parse reads one document and returns its root mapping. Nodes, not maps, so that comments and order stay.
func parse(document []byte) (*yaml.Node, error) {
	var parsed yaml.Node
	if err := yaml.Unmarshal(document, &parsed); err != nil {
		return nil, err
	}
	if len(parsed.Content) != 1 || parsed.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("not a mapping")
	}
	return parsed.Content[0], nil
}

// find returns the index of key's value in a mapping's content, where keys and values take turns; -1 where it has none.
func find(mapping *yaml.Node, key string) int {
	for index := 0; index+1 < len(mapping.Content); index += 2 {
		if mapping.Content[index].Value == key {
			return index + 1
		}
	}
	return -1
}

// child returns the value of key, which is made where there is none.
func child(mapping *yaml.Node, key string, kind yaml.Kind) (*yaml.Node, error) {
	if index := find(mapping, key); index >= 0 {
		if value := mapping.Content[index]; value.Kind == kind {
			return value, nil
		}
		return nil, fmt.Errorf("%s is of another kind than it should be", key)
	}
	value := &yaml.Node{Kind: kind}
	set(mapping, key, value)
	return value, nil
}

func set(mapping *yaml.Node, key string, value *yaml.Node) {
	mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, value)
}

func remove(mapping *yaml.Node, key string) {
	if index := find(mapping, key); index >= 0 {
		mapping.Content = append(mapping.Content[:index-1], mapping.Content[index+1:]...)
	}
}

// merge puts every leaf of from into the mapping into. A scalar replaces a scalar and a list a list; a mapping does not
// give way to either, for then part of the profile would go unseen.
func merge(into, from *yaml.Node) error {
	for index := 0; index+1 < len(from.Content); index += 2 {
		key, value := from.Content[index].Value, from.Content[index+1]
		at := find(into, key)
		if at < 0 {
			into.Content = append(into.Content, from.Content[index], value)
			continue
		}
		there := into.Content[at]
		if there.Kind != value.Kind {
			return fmt.Errorf("%s: a mapping, a list and a scalar do not merge", key)
		}
		if there.Kind != yaml.MappingNode {
			into.Content[at] = value
			continue
		}
		if err := merge(there, value); err != nil {
			return fmt.Errorf("%s.%w", key, err)
		}
	}
	return nil
}
