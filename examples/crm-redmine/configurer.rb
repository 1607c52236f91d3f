# Sets up an empty Redmine as the landlord's CRM: its vocabulary, its fields, and the accounts that use its API.
# Run by redmine.sh with the instance's folder as argument; the accounts' keys are written to files there.

instance = ARGV.fetch(0)
ActiveRecord::Migration.verbose = false
ActiveRecord::Base.connection.migration_context.migrate
ActiveRecord::Base.descendants.each(&:reset_column_information)
abort "#{instance} already contains a configured Redmine" if Project.any?

Setting.rest_api_enabled = '1'
Setting.login_required = '1'
Setting.default_language = 'fr'
Setting.notified_events = []
# In KiB; no smaller than limits.photo.
Setting.attachment_max_size = '16384'

priorities = %w[faible normal haute].map do |name|
  IssuePriority.create!(name: name, is_default: name == 'normal')
end
statuses = ['Transférée', 'Ouverte', 'CRC en attente retour', 'CRC en cours',
            'Vivest en attente retour', 'Vivest en cours', 'Clôturée'].map do |name|
  IssueStatus.create!(name: name, is_closed: name == 'Clôturée')
end
closed = statuses.last
tracker = Tracker.create!(name: 'Signalement', default_status: statuses.first)

# The connector's file refers to fields by these numbers, as Redmine's API does.
fields = [
  [1, 'Canal', 'string'],
  [2, 'Gestionnaire concerné', 'string'],
  [3, 'Acteur en charge', 'string'],
  [4, 'Auteur', 'string'],
  [5, 'E-mail auteur', 'string'],
  [6, 'Lien SoWell', 'link'],
  [7, 'Résidence', 'string'],
  [8, 'Bien', 'string'],
  [9, 'Qualification', 'string'],
  [10, 'Workflow', 'string'],
  [11, 'Résultat', 'list', { possible_values: %w[Traité Rejeté] }]
].map do |id, name, format, more|
  IssueCustomField.create!(id: id, name: name, field_format: format, is_filter: true, is_for_all: true,
                           searchable: format == 'string', trackers: [tracker], **(more || {}))
end
author, email, link, result = fields.values_at(3, 4, 5, 10)

agent = Role.create!(
  name: 'Agent CRC',
  permissions: %i[view_issues edit_issues add_issue_notes set_notes_private view_private_notes save_queries]
)
bridge = Role.create!(name: 'Passerelle', permissions: %i[view_issues add_issues add_issue_notes])
[agent, bridge].each do |role|
  [nil, *statuses].product(statuses).each do |from, to|
    next if from == to

    WorkflowTransition.create!(tracker: tracker, role: role, old_status_id: from&.id || 0, new_status: to)
  end
  # The landlord's mandatory closing field.
  WorkflowPermission.create!(tracker: tracker, role: role, old_status: closed,
                             field_name: result.id.to_s, rule: 'required')
end
# SoWell decides the author and the place of a signalement.
[author, email, link].product(statuses).each do |field, status|
  WorkflowPermission.create!(tracker: tracker, role: agent, old_status: status,
                             field_name: field.id.to_s, rule: 'readonly')
end

project = Project.new(name: 'Signalements', identifier: 'signalements', is_public: false)
project.enabled_module_names = %w[issue_tracking]
project.trackers = [tracker]
project.save!

def user(login, first, last)
  password = SecureRandom.alphanumeric(24)
  user = User.find_by_login(login) || User.new(firstname: first, lastname: last, mail: "#{login}@bailleur.example")
  user.login = login
  user.language = 'fr'
  user.password = user.password_confirmation = password
  user.must_change_passwd = false
  user.save!
  [user, password]
end

def leave(path, text)
  File.open(path, File::WRONLY | File::CREAT | File::TRUNC, 0o600) { |file| file.puts(text) }
end

admin, password = user('admin', 'Redmine', 'Admin')
passerelle, = user('passerelle', 'Passerelle', 'SoWell')
worker, = user('agent', 'Agente', 'CRC')
Member.create!(project: project, principal: passerelle, roles: [bridge])
Member.create!(project: project, principal: worker, roles: [agent])
leave("#{instance}/mot-de-passe-admin", password)
[admin, passerelle, worker].each { |it| leave("#{instance}/cle-#{it.login}", it.api_key) }

puts "Redmine #{Redmine::VERSION}: #{project.identifier}, #{statuses.size} statuses, #{priorities.size} priorities, " \
     "#{fields.size} fields; log in as admin with the password in #{instance}/mot-de-passe-admin"
