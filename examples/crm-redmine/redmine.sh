#!/usr/bin/env bash
# Redmine from Debian's packages as the landlord's CRM, in a folder of its own.
#
#   redmine.sh install           installs the packages (as root); sets up no service
#   redmine.sh prepare DIR       makes an instance: database, project, fields, statuses, accounts
#   redmine.sh serve DIR [PORT]  serves it on 127.0.0.1 until stopped (port 3000; 0 for a free one)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

# What every Redmine command needs to know of the instance.
enter() {
  instance=$(realpath "$1")
  # Debian looks for an instance beside its own. A path that climbs past the root means the same
  # folder from everywhere, so the instance can be anywhere and needs no root user.
  export REDMINE_INSTANCE=../../../../../../../../..$instance
  export REDMINE_FOLDER=$instance BUNDLE_GEMFILE=$instance/Gemfile RAILS_ENV=production
  cd /usr/share/redmine
}

case "${1:-}" in
install)
  # No instance of Debian's own: it would want a database and a web server for all.
  echo 'redmine redmine/instances/default/dbconfig-install boolean false' | debconf-set-selections
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redmine redmine-sqlite puma
  ;;
prepare)
  mkdir -p "$2"/{config,files,log,tmp}
  chmod 700 "$2"
  instance=$(realpath "$2")
  # Read at each start, so that a copy of the folder is an instance of its own.
  cat >"$instance/config/database.yml" <<'YAML'
production:
  adapter: sqlite3
  database: <%= ENV.fetch("REDMINE_FOLDER") %>/redmine.sqlite3
  timeout: 10000
YAML
  head -c 64 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$instance/config/secret_key.txt"
  # Debian's Redmine names no web server: that is the instance's choice.
  printf 'eval_gemfile "/usr/share/redmine/Gemfile"\ngem "puma"\n' >"$instance/Gemfile"
  enter "$instance"
  bin/rails runner "$here/configurer.rb" "$instance"
  ;;
serve)
  enter "$2"
  # One request at a time: each of Redmine's also writes, and two that do so at once fail on SQLite.
  exec bundle exec puma --quiet --threads 1:1 --bind "tcp://127.0.0.1:${3:-3000}" config.ru
  ;;
*)
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
  exit 2
  ;;
esac
