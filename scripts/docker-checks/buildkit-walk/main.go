// Reads one JSON request a line, { root, ignore }, and answers with what BuildKit's client would send of that folder.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"strings"

	gofs "io/fs"

	"github.com/moby/patternmatcher/ignorefile"
	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
)

type request struct{ Root, Ignore string }
type answer struct {
	Error   string     `json:"error,omitempty"`
	Entries [][]any `json:"entries"`
}

func list(r request) (a answer) {
	a.Entries = [][]any{}
	patterns, err := ignorefile.ReadAll(strings.NewReader(r.Ignore))
	if err == nil {
		var fs fsutil.FS
		fs, err = fsutil.NewFS(r.Root)
		if err == nil {
			fs, err = fsutil.NewFilterFS(fs, &fsutil.FilterOpt{ExcludePatterns: patterns})
		}
		if err == nil {
			err = fsutil.WithHardlinkReset(fs).Walk(context.Background(), "/", func(path string, d gofs.DirEntry, err error) error {
				if err != nil {
					return err
				}
				info, err := d.Info()
				if err != nil {
					return err
				}
				s := info.Sys().(*types.Stat)
				a.Entries = append(a.Entries, []any{s.Path, info.Mode().String(), s.Linkname})
				return nil
			})
		}
	}
	if err != nil {
		a.Error = err.Error()
	}
	return a
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	dec := json.NewDecoder(in)
	for {
		var r request
		if dec.Decode(&r) != nil {
			return
		}
		out.Encode(list(r))
	}
}
