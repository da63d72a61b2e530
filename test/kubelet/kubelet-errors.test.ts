import assert from "node:assert/strict";
import { test } from "node:test";
import { describeEnd, exitedError } from "../../agent/kubelet/kubelet-errors.ts";

const LAST_ERRORS = [
  // As kubelet 1.34 said them on a machine whose inotify instances were used up.
  '"Failed to start cAdvisor" err="inotify_init: too many open files"',
  '"Failed to watch CA file, will retry later" err="error creating fsnotify watcher: too many open files"',
];

const endOf = (lastError: string) => describeEnd({ exitCode: 1, signal: undefined }, 300, lastError);

test("a kubelet that ended because inotify allows no more names the setting, in a loop or not", () => {
  for (const lastError of LAST_ERRORS) {
    for (const isLoop of [true, false])
      assert.match(exitedError(endOf(lastError), isLoop).hint ?? "", /fs\.inotify\.max_user_instances/, lastError);
  }
});

test("files that are used up otherwise are not taken for inotify's", () => {
  const message = endOf('"Failed to run kubelet" err="open /var/lib/kubelet/config: too many open files"');
  assert.match(message, /^kubelet exited with 1 after 0\.3 s; its last error: /);
  assert.doesNotMatch(exitedError(message, true).hint ?? "", /inotify/);
});
