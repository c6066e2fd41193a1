{{- define "cambio.selector" -}}
app.kubernetes.io/name: cambio
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "cambio.labels" -}}
{{ include "cambio.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
{{- define "cambio.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}
{{- define "cambio.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default .Release.Name }}{{ else }}{{ .Values.serviceAccount.name | default "default" }}{{ end -}}
{{- end }}
{{- /* The host of a route: the given one, or that of the issuer. */ -}}
{{- define "cambio.host" -}}
{{- $issuer := .Values.config.issuer -}}
{{- if .host }}{{ .host }}{{ else if contains "${" $issuer }}{{ fail (printf "%s.host: name the host, because config.issuer comes from a variable" .key) }}{{ else }}{{ (urlParse $issuer).hostname }}{{ end -}}
{{- end }}
