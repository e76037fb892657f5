// Answers, one JSON line for a JSON line, what BuildKit's client would send of a build. { root, ignore } walks one folder under the text of an ignore file;
// { context, dockerfile, named } finds and reads the Dockerfile and the ignore files by itself, as buildx and BuildKit's frontend do. Names and links are hex.
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	gofs "io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/containerd/continuity/fs"
	"github.com/moby/patternmatcher/ignorefile"
	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
)

type request struct {
	Root, Ignore        string
	Context, Dockerfile string
	Named               map[string]string
}

type entry struct {
	Path    string `json:"path"`
	Mode    string `json:"mode"`
	Link    string `json:"link"`
	Content string `json:"content,omitempty"`
}

type answer struct {
	Error   string  `json:"error,omitempty"`
	Entries []entry `json:"entries"`
	View    string  `json:"view,omitempty"`
}

// walk lists what the client sends; contents are read as its sender reads them.
func walk(root string, patterns []string, contents bool) ([]entry, error) {
	entries := []entry{}
	dir, err := fsutil.NewFS(root)
	if err == nil {
		dir, err = fsutil.NewFilterFS(dir, &fsutil.FilterOpt{ExcludePatterns: patterns})
	}
	if err != nil {
		return nil, err
	}
	err = fsutil.WithHardlinkReset(dir).Walk(context.Background(), "/", func(path string, d gofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		s := info.Sys().(*types.Stat)
		e := entry{Path: hex.EncodeToString([]byte(s.Path)), Mode: info.Mode().String(), Link: hex.EncodeToString([]byte(s.Linkname))}
		if contents && info.Mode()&os.ModeType == 0 && s.Linkname == "" {
			e.Content = contentOf(dir, s.Path)
		}
		entries = append(entries, e)
		return nil
	})
	return entries, err
}

// A file that the sender can't open arrives empty.
func contentOf(dir fsutil.FS, path string) string {
	hash := sha256.New()
	if file, err := dir.Open(path); err == nil {
		io.Copy(hash, file)
		file.Close()
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// received copies what FollowPaths sends of a folder, and reads one name of it as the frontend does.
func received(root string, follow []string, name string) ([]byte, error) {
	copied, err := os.MkdirTemp("", "received")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(copied)
	dir, err := fsutil.NewFS(root)
	if err == nil {
		dir, err = fsutil.NewFilterFS(dir, &fsutil.FilterOpt{FollowPaths: follow})
	}
	if err != nil {
		return nil, err
	}
	err = dir.Walk(context.Background(), "/", func(path string, d gofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		target := filepath.Join(copied, path)
		switch {
		case info.IsDir():
			return os.MkdirAll(target, 0o700)
		case info.Mode()&os.ModeSymlink != 0:
			return os.Symlink(info.Sys().(*types.Stat).Linkname, target)
		case info.Mode().IsRegular():
			file, err := dir.Open(path)
			if err != nil {
				return os.WriteFile(target, nil, 0o600)
			}
			defer file.Close()
			bytes, err := io.ReadAll(file)
			if err != nil {
				return err
			}
			return os.WriteFile(target, bytes, 0o600)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	path, err := fs.RootPath(copied, name)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// As buildx's handleLowercaseDockerfile.
func dockerfileName(dir, name string) string {
	file, err := os.Open(dir)
	if err != nil || name != "Dockerfile" {
		return name
	}
	defer file.Close()
	names, err := file.Readdirnames(-1)
	if err == nil && !slices.Contains(names, "Dockerfile") && slices.Contains(names, "dockerfile") {
		return "dockerfile"
	}
	return name
}

func patternsOf(ignore []byte) ([]string, error) {
	return ignorefile.ReadAll(strings.NewReader(string(ignore)))
}

// As dockerui's ReadEntrypoint, MainContext and NamedContext.
func view(r request) (string, error) {
	dir, name := r.Context, "Dockerfile"
	if r.Dockerfile != "" {
		dir, name = filepath.Split(r.Dockerfile)
	}
	name = dockerfileName(dir, name)
	follow := []string{name, name + ".dockerignore"}
	dockerfile, err := received(dir, follow, name)
	if err != nil {
		return "", errors.New("failed to read dockerfile")
	}
	ignore, err := received(dir, follow, name+".dockerignore")
	if err != nil {
		ignore, _ = received(r.Context, []string{".dockerignore"}, ".dockerignore")
	}
	patterns, err := patternsOf(ignore)
	if err != nil {
		return "", err
	}
	entries, err := walk(r.Context, patterns, true)
	if err != nil {
		return "", err
	}
	trees := map[string][]entry{"": entries}
	for context, root := range r.Named {
		ignore, _ := received(root, []string{".dockerignore"}, ".dockerignore")
		if patterns, err = patternsOf(ignore); err != nil {
			return "", err
		}
		if trees[context], err = walk(root, patterns, true); err != nil {
			return "", err
		}
	}
	for _, tree := range trees {
		sort.Slice(tree, func(i, j int) bool { return tree[i].Path < tree[j].Path })
	}
	text, _ := json.Marshal(trees)
	return fmt.Sprintf("%x", sha256.Sum256(append(dockerfile, text...))), nil
}

func respond(r request) (a answer) {
	var err error
	a.Entries = []entry{}
	if r.Context != "" {
		a.View, err = view(r)
	} else {
		var patterns []string
		if patterns, err = patternsOf([]byte(r.Ignore)); err == nil {
			a.Entries, err = walk(r.Root, patterns, false)
		}
	}
	if err != nil {
		a.Error = err.Error()
	}
	return a
}

func main() {
	out := json.NewEncoder(os.Stdout)
	dec := json.NewDecoder(bufio.NewReaderSize(os.Stdin, 1<<20))
	for {
		var r request
		if dec.Decode(&r) != nil {
			return
		}
		out.Encode(respond(r))
	}
}
