#!/usr/bin/env bash
# Redmine from Debian's packages as the landlord's CRM, in a folder of its own.
#
#   redmine.sh install           installs the packages (as root); sets up no service
#   redmine.sh prepare DIR       makes an instance: database, project, fields, statuses, accounts
#   redmine.sh serve DIR [PORT]  serves it on 127.0.0.1 until stopped (port 3000; 0 for a free one)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

# Environment of the instance, needed by every Redmine command.
enter() {
  instance=$(realpath "$1")
  # Debian looks for instances next to its own. A path that climbs above the root resolves to the same folder
  # from anywhere, so the instance can be anywhere and needs no root user.
  export REDMINE_INSTANCE=../../../../../../../../..$instance
  export REDMINE_FOLDER=$instance BUNDLE_GEMFILE=$instance/Gemfile RAILS_ENV=production
  cd /usr/share/redmine
}

case "${1:-}" in
install)
  # Do not create Debian's own instance: it would need a database and a web server.
  echo 'redmine redmine/instances/default/dbconfig-install boolean false' | debconf-set-selections
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redmine redmine-sqlite puma
  ;;
prepare)
  mkdir -p "$2"/{config,files,log,tmp}
  chmod 700 "$2"
  instance=$(realpath "$2")
  # Read at each start, so that a copy of the folder is an independent instance.
  cat >"$instance/config/database.yml" <<'YAML'
production:
  adapter: sqlite3
  database: <%= ENV.fetch("REDMINE_FOLDER") %>/redmine.sqlite3
  timeout: 10000
YAML
  head -c 64 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$instance/config/secret_key.txt"
  # Debian's Redmine comes without a web server: the instance chooses one.
  printf 'eval_gemfile "/usr/share/redmine/Gemfile"\ngem "puma"\n' >"$instance/Gemfile"
  enter "$instance"
  bin/rails runner "$here/configurer.rb" "$instance"
  ;;
serve)
  enter "$2"
  # One request at a time: every Redmine request also writes, and two concurrent writes fail on SQLite.
  exec bundle exec puma --quiet --threads 1:1 --bind "tcp://127.0.0.1:${3:-3000}" config.ru
  ;;
*)
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
  exit 2
  ;;
esac
