{{- define "cambio.selector" -}}
app.kubernetes.io/name: cambio
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "cambio.labels" -}}
{{ include "cambio.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
