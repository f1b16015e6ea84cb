{{- define "shop.metrics" -}}
{{ .Values.metrics.image.registry }}/{{ .Values.metrics.image.repository }}:{{ .Values.metrics.image.tag }}
{{- end -}}
